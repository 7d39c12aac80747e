"""Ratings on disk in blocks, for more of them than memory holds: written by `prepare_store`, read by `RatingStore`.

A store is a folder: `ratings/` has a file of records for every (user block, item block), beside it lie the sorted
labels and the manifest, which is written last. Stands on `solver.reading`, whose tables are read a part at a time.
You may make it faster; a store that was written must stay readable, and its bytes must depend on the ratings and the
seed alone.
"""
