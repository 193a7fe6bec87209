"""This module says how many agents, hour by hour: a model fitted on what was recorded, and a simulation that checks it
(ADR 0037).

erlang      pure: the steady state of a queue whose people may give up
demand      pure: who comes and when, how long they stay patient, how long an exchange lasts; from counts and sums
plan        pure: demand and target to agents for each hour of the week
simulation  pure: the dispatcher's own rule under a clock that is counted, not lived
check       pure: a year and a raid simulated with the agents of a plan, beside what the model says of them
recorded    counts and sums of what was recorded, from the database or from a file
drawing     pure: the plan as the numbers of a picture
"""
