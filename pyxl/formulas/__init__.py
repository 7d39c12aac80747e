"""A sheet's formulas: parsed, evaluated afresh, who depends on whom; compiled to torch and differentiated."""
