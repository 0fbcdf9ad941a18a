"""What all composed methods share: networks, training and assembly of edits made of fields.

A field is a plane of numbers over a crop: where pixels come from (flow), and how much brighter they
become (log ratio). A method adds a condition (`condition.ConditionSpec`), how a target becomes one
(`method.FieldMethod`), and which pairs it learns from (`pairs_task.PairsTask`).
"""
