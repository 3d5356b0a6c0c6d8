"""The program that runs CPython's own tests: its imports are a large part of the standard library, its main runs one test
module, or is a python for the children that tests start.

    program RESULTS EXECUTABLE MODULE    runs a test module; EXECUTABLE is what tests find in sys.executable, or ""
    program --as-python ARGUMENTS...     does what `python ARGUMENTS...` does, as far as tests need it
    program --list                       prints the names of all test modules
"""

import sys

# In the snapshot, but for what the build leaves out. Not what tests look for the absence of: `lib2to3`, `idlelib`.
import __future__, _pydatetime, _pydecimal, _pyio, abc, argparse, array, ast, asyncio, atexit, base64, bdb, binascii, bisect  # noqa: E401
import builtins, bz2, cProfile, calendar, cmath, cmd, code, codecs, codeop, collections.abc, colorsys, compileall  # noqa: E401
import concurrent.futures.process, concurrent.futures.thread, configparser, contextlib, contextvars, copy, copyreg  # noqa: E401
import csv, ctypes.util, curses.ascii, dataclasses, datetime, dbm.dumb, dbm.sqlite3, decimal, difflib, dis, doctest  # noqa: E401
import email.generator, email.headerregistry, email.mime.multipart, email.mime.text, email.parser, email.policy  # noqa: E401
import encodings.ascii, encodings.cp1252, encodings.idna, encodings.latin_1, encodings.punycode, encodings.utf_16  # noqa: E401
import encodings.utf_32, encodings.utf_8_sig, enum, errno, faulthandler, fcntl, filecmp, fileinput, fnmatch  # noqa: E401
import fractions, ftplib, functools, gc, getopt, getpass, gettext, glob, graphlib, grp, gzip, hashlib, heapq, hmac  # noqa: E401
import html.entities, html.parser, http.client, http.cookiejar, http.cookies, http.server, imaplib, importlib.abc  # noqa: E401
import importlib.machinery, importlib.metadata, importlib.resources, importlib.util, inspect, io, ipaddress  # noqa: E401
import itertools, json.tool, keyword, linecache, locale, logging.config, logging.handlers, lzma, mailbox, marshal  # noqa: E401
import math, mimetypes, mmap, modulefinder, multiprocessing.connection, multiprocessing.managers  # noqa: E401
import multiprocessing.pool, multiprocessing.shared_memory, multiprocessing.sharedctypes  # noqa: E401
import multiprocessing.synchronize, netrc, numbers, opcode, operator, optparse, os.path, pathlib, pdb, pickle  # noqa: E401
import pickletools, pkgutil, platform, plistlib, poplib, posix, pprint, profile, pstats, pty, pwd, py_compile  # noqa: E401
import pyclbr, pydoc, queue, quopri, random, re, reprlib, resource, runpy, sched, secrets, select, selectors, shelve  # noqa: E401
import shlex, shutil, signal, smtplib, socket, socketserver, sqlite3, ssl, stat, statistics, string, stringprep  # noqa: E401
import struct, subprocess, symtable, sysconfig, syslog, tabnanny, tarfile, tempfile, termios, textwrap, threading  # noqa: E401
import time, timeit, token, tokenize, tomllib, trace, traceback, tracemalloc, tty, types, typing, unicodedata  # noqa: E401
import unittest.mock, urllib.request, urllib.robotparser, uuid, venv, warnings, wave, weakref, webbrowser  # noqa: E401
import wsgiref.handlers, wsgiref.simple_server, wsgiref.validate, xml.dom.minidom, xml.dom.pulldom  # noqa: E401
import xml.etree.ElementTree, xml.sax.saxutils, xmlrpc.client, xmlrpc.server, zipapp, zipfile, zipimport, zlib, zoneinfo  # noqa: E401


def main():
    if sys.argv[1] == "--as-python":
        import as_python

        as_python.main(sys.argv[2:])
    elif sys.argv[1] == "--list":
        from test.libregrtest.findtests import findtests

        print("\n".join(findtests()))
    else:
        import run_tests

        run_tests.main(*sys.argv[1:])


if __name__ == "__main__":
    main()
