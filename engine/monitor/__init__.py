"""The stage-side monitor: a page for a phone or tablet, served by the engine."""
