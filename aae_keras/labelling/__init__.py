"""Labelling by hand: a page that one machine shows to the person who sits at it.

`answers` is the file that answers go to, `collection` the images of a data set as a person sees
them, `session` what is asked and answered, `server` what a browser may ask of it, and plain files
in `page/` are the page itself.
"""
