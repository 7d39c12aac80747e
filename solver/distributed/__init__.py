"""Fits of a store on disk, by one process or by many on one machine or several; the result does not depend on how many.

`fit_store` is where a fit begins. The passes are in `ring_sgd` and `chained`; `group` sends numbers between processes, and
`pass_files` writes the files of every pass. Stands on `solver.store`, `solver.fitting` and torch.distributed. You may make a pass
faster; results must stay the same for any number of processes, and bytes sent must stay those that `docs/scale.md` derives.
"""
