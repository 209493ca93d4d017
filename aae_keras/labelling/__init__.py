"""Labelling by hand: which images to ask about, and a page that asks the person who sits at it.

`acquisition` chooses images by their codes, `suggesting` names those of a run in a table. `answers`
is the file that answers go to, `collection` the images of a data set as a person sees them,
`session` what is asked and answered, `server` what a browser may ask of it, and plain files in
`page/` are the page itself.
"""
