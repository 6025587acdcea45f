"""Plain functions with defaults, one module an app. Call them inside a company."""
