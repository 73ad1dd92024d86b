"""The live engine: runtime, orders, what is observed, overload."""
