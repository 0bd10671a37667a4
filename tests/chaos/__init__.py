"""Fire: hours of trouble at random, and an oracle that knows the truth.

A run is a list of steps, drawn from a seed: what goes wrong between Home Assistant and Plex, what
becomes of tokens, what people play and add, and what the user does. It is played to a real Home
Assistant (the one of the tests, in process, with a clock that jumps) and a simulated Plex world,
over real HTTP on loopback. After every step of time each invariant is held against what the
simulator knows to be true; what the integration thinks of itself is never asked.

    cast         who has which server, and how the entry came to its token
    stage        the world, Home Assistant and the time that both live in
    faults       what goes wrong on the way, by name
    steps        what can happen, as data: a run is a list of these
    script       a list of steps out of a seed
    user         somebody who follows a repair
    truth        what the simulator knows
    wire         what was asked and answered
    alarms, secrecy, traffic, freshness, growth, calm     the invariants
    command      the command line; `kit` makes it do without pytest
    runner       one run, from its list of steps to what was found
    shrinker     the shortest list that still finds it
    planted      bugs on purpose, and which invariant has to find each

`scripts/chaos` runs it.
"""
