"""Models in processes of a Ray cluster, for fronts on several machines. Needs the extra `cluster`;
nothing of it is imported where the models run in the front's own process.
"""
