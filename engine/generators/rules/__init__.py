"""The rule-based generator: emotion to music by published mappings and voice leading."""

from engine.generators.rules.generator import RulesGenerator

__all__ = ["RulesGenerator"]
