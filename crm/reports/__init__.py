"""Reports: each counts in few statements, and each number knows the list of exactly the rows it counts."""
