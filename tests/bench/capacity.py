"""What deploy/capacity.md rests on: memory and CPU of Redis, messages, memory of the near cache; and the model
against replicas that run."""
import capacity_cluster
import capacity_memory
import capacity_operations
import capacity_replicas
import capacity_vestibule
from stage import say

STEPS = {
    "memory": (capacity_memory.few, capacity_memory.text),
    "million": (capacity_memory.run_million, capacity_memory.text),
    "large": (capacity_memory.run_large, capacity_memory.text),
    "tracking": (capacity_memory.run_tracking, capacity_memory.text_tracking),
    "operations": (capacity_operations.run, capacity_operations.text),
    "invalidations": (capacity_replicas.run_invalidations, capacity_replicas.text_invalidations),
    "near": (capacity_vestibule.run, capacity_vestibule.text),
    "replicas": (capacity_replicas.run, capacity_replicas.text),
    "vestibules": (capacity_replicas.run_real, capacity_replicas.text),
    "cluster": (capacity_cluster.run, capacity_cluster.text),
}


def run(stage, names):
    figures, texts = {}, []
    for name in names or STEPS:
        say(f"capacity: {name}")
        measure, text = STEPS[name]
        figures[name] = measure(stage)
        texts.append(text(figures[name]))
    return figures, "\n".join(texts)
