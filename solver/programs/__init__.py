"""Functions of any kind, minimised within bounds and constraints: by exact gradients, by HiGHS, or by generations of points.

`program` says what is to be minimised, `minimising` does it by the methods of scipy (`scipy_methods`),
which see it through `trials`: scaled, guarded and remembered. `linear` has linear programs solved by `highs`, to a proved optimum;
`generations` searches where slopes tell nothing. `sensitivity` says what holds it there.
"""
