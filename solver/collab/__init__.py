"""CollabFilter, the scikit-learn style face of the solver, and what a trained model can be asked."""
