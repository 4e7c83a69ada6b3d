"""Sensorium beside rclip and clip-retrieval: the same pictures, weights and cores.

    python -m benchmarks.peers --data DIR [--work FOLDER]

environments.py           a virtual environment for each peer, from the package index
ours.py                   `index`, in a process of its own
rclip_index.py            rclip's own loop; runs in rclip's environment
clip_retrieval_infer.py   clip-retrieval's own worker; runs in its environment
__main__.py               who takes turns with whom, and the table
"""
