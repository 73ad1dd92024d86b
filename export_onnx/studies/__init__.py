"""Studies that support a choice but ship nothing: ablations, distillation, quantisation."""
