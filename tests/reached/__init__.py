"""What of Passenger's source the tests have run, for `coverage report`: marks in the code itself instead of a tracer.

A tracer is called for every line of every library, and makes a process start twice as slowly and serve three times as
slowly. Here each module is compiled once with a mark before each statement and at the end of each branch. A mark sets a
byte of a file that all processes map into their memory, so nothing is lost however a process ends.
"""
