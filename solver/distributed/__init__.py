"""Fits of a store on disk, by one process or by many on one machine or several; the result does not depend on how many.

`fit_store` begins, the passes are in `ring_sgd` and `chained_als`, what travels between processes in `group`, and what
is left after every pass in `pass_files`. Stands on `solver.store`, `solver.fitting` and torch.distributed. You may make a pass
faster; results must stay the same for any number of processes, and bytes sent must stay those that `docs/scale.md` derives.
"""
