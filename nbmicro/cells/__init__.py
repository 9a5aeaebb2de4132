"""Notebook source in, declarations out: ast and tokenize only.

What must not be here: a kernel, or running a cell.
"""
