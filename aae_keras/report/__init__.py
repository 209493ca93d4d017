"""The report of a run: one page that opens from disk, without a server and without a network.

Python says what there is to see, as data (`contents`); the page's own code, plain files in `page/`,
shows it. `writing.write_report` is the entrance.
"""
