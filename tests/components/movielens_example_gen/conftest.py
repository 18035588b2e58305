import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # `import movielens_files`, under pytest's importlib mode
