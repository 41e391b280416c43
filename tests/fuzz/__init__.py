"""Random programs, and their gradients held against differences.

`python -m tests.fuzz --level 4 --count 10000 --seed 7` writes programs from seeds, differentiates each, compares with what
finite differences or a complex step say, and shrinks those that are wrong to a few lines.

    expressions.py, control.py, functions.py, writes.py   the four levels, each with all of those below it
    arrays.py     the part of level 4 that writes into arrays
    dense.py      few arrays, written into and bound anew over and over: a tenth of level 4
    programs.py   a program, and what it is called with
    oracle.py     the derivative along a direction, without knetsrc
    judge.py      a program's verdict
    shrink.py     the shortest program that fails in the same way
"""
