//! `pyfreeze dis`: what it shows, and what it says when it can't.
//!
//! Comes in: small modules, an executable made of them, `.pyc` files. Goes out: inline snapshots.

use std::fs;

use crate::command::Run;
use crate::normalize::Normalizer;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Test, TestResult};

/// A test as a function.
type Body = fn(&Product) -> TestResult;

/// All tests of `pyfreeze dis`.
#[must_use]
pub fn tests() -> Vec<Test> {
    let tests: &[(&str, Body)] = &[
        ("whole_module", whole_module),
        ("chosen_functions", chosen_functions),
        ("caches_and_json", caches_and_json),
        ("module_of_an_executable", module_of_an_executable),
        ("compiled_file", compiled_file),
        ("as_python_disassembles", as_python_disassembles),
        ("names_that_are_none", names_that_are_none),
        ("files_that_are_none", files_that_are_none),
        ("other_versions", other_versions),
        ("syntax_error_as_python_shows_it", syntax_error_as_python_shows_it),
        ("colour_on_a_terminal_only", colour_on_a_terminal_only),
    ];
    tests.iter().map(|(name, body)| Test::new(format!("dis/{name}"), *body)).collect()
}

const SHOP: &str = "\
\"\"\"A shop.\"\"\"


class Cart:
    def total(self, *prices, tax=0, **rest):
        try:
            return sum(price * tax for price in prices)
        except TypeError as error:
            raise ValueError from error


def outer(name, /, *, flag):
    def inner():
        return name
    return inner
";

fn shop() -> Result<Workspace, String> {
    Workspace::with_files(&[("shop.py", SHOP), ("app.py", "import shop\nprint(shop.outer('a', flag=1)())\n")])
}

fn said(product: &Product, workspace: &Workspace, arguments: &[&str]) -> String {
    let output = product.command(workspace.path()).arg("dis").args(arguments.iter().copied()).output();
    let normalizer = Normalizer::default().path(workspace.path(), "<folder>");
    let text = normalizer.apply(&format!("{}{}", output.stderr, output.stdout));
    format!("{:?}\n{}", output.status, without_patch_version(&text))
}

/// `3.13.5` becomes `3.13.#`.
fn without_patch_version(text: &str) -> String {
    let mut parts = text.split("3.13.");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
        result += if rest.len() < part.len() { "3.13.#" } else { "3.13." };
        result += rest;
    }
    result
}

fn whole_module(product: &Product) -> TestResult {
    let workspace = shop()?;
    insta::assert_snapshot!(said(product, &workspace, &["shop.py"]), @r#"
    Exited(0)
    shop  shop.py, CPython 3.13.#

    code object      line  bytecode  with all in it  constants  names
    <module>            1      34 B          1.1 kB          5      3
      Cart              4      34 B           736 B          7      6
        total           5      98 B           508 B          2      3
          <genexpr>     7      44 B           204 B          1      0
      outer            12      20 B           252 B          2      0
        inner          13       8 B           128 B          1      0

    <module>
      constants  0 'A shop.'  1 <code Cart, line 4>  2 'Cart'  3 <code outer, line 12>  4 None
      names      0 __doc__  1 Cart  2 outer
      stack      4

        -
                  0  RESUME                        0
        1  """A shop."""
                  2  LOAD_CONST                    0  'A shop.'
                  4  STORE_NAME                    0  __doc__
        4  class Cart:
                  6  LOAD_BUILD_CLASS
                  8  PUSH_NULL
                 10  LOAD_CONST                    1  <code Cart, line 4>
                 12  MAKE_FUNCTION
                 14  LOAD_CONST                    2  'Cart'
                 16  CALL                          2
                 24  STORE_NAME                    1  Cart
       12  def outer(name, /, *, flag):
                 26  LOAD_CONST                    3  <code outer, line 12>
                 28  MAKE_FUNCTION
                 30  STORE_NAME                    2  outer
                 32  RETURN_CONST                  4  None

    Cart
      constants  0 'Cart'  1 4  2 0  3 ('tax',)  4 <code total, line 5>  5 ()  6 None
      names      0 __name__  1 __module__  2 __qualname__  3 __firstlineno__  4 total  5 __static_attributes__
      stack      2

        4  class Cart:
                  0  RESUME                        0
                  2  LOAD_NAME                     0  __name__
                  4  STORE_NAME                    1  __module__
                  6  LOAD_CONST                    0  'Cart'
                  8  STORE_NAME                    2  __qualname__
                 10  LOAD_CONST                    1  4
                 12  STORE_NAME                    3  __firstlineno__
        5      def total(self, *prices, tax=0, **rest):
                 14  LOAD_CONST                    2  0
                 16  LOAD_CONST                    3  ('tax',)
                 18  BUILD_CONST_KEY_MAP           1
                 20  LOAD_CONST                    4  <code total, line 5>
                 22  MAKE_FUNCTION
                 24  SET_FUNCTION_ATTRIBUTE        2  kwdefaults
                 26  STORE_NAME                    4  total
                 28  LOAD_CONST                    5  ()
                 30  STORE_NAME                    5  __static_attributes__
                 32  RETURN_CONST                  6  None

    Cart.total(self, *prices, tax, **rest)
      constants  0 None  1 <code <genexpr>, line 7>
      names      0 sum  1 TypeError  2 ValueError
      locals     0 self  1 tax  2 prices  3 rest  4 error
      cells      tax
      flags      OPTIMIZED  NEWLOCALS  VARARGS  VARKEYWORDS
      stack      4

                  0  MAKE_CELL                     1  tax
        5      def total(self, *prices, tax=0, **rest):
                  2  RESUME                        0
        6          try:
                  4  NOP
        7              return sum(price * tax for price in prices)
                  6  LOAD_GLOBAL                   1  sum + NULL
                 16  LOAD_FAST                     1  tax
                 18  BUILD_TUPLE                   1
                 20  LOAD_CONST                    1  <code <genexpr>, line 7>
                 22  MAKE_FUNCTION
                 24  SET_FUNCTION_ATTRIBUTE        8  closure
                 26  LOAD_FAST                     2  prices
                 28  GET_ITER
                 30  CALL                          0
                 38  CALL                          1
                 46  RETURN_VALUE
        -
                 48  PUSH_EXC_INFO
        8          except TypeError as error:
                 50  LOAD_GLOBAL                   2  TypeError
                 60  CHECK_EXC_MATCH
                 62  POP_JUMP_IF_FALSE            12  to L1
                 66  STORE_FAST                    4  error
        9              raise ValueError from error
                 68  LOAD_GLOBAL                   4  ValueError
                 78  LOAD_FAST                     4  error
                 80  RAISE_VARARGS                 2
        -
                 82  LOAD_CONST                    0  None
                 84  STORE_FAST                    4  error
                 86  DELETE_FAST                   4  error
                 88  RERAISE                       1
        8          except TypeError as error:
          L1:    90  RERAISE                       0
        -
                 92  COPY                          3
                 94  POP_EXCEPT
                 96  RERAISE                       1

      exceptions
          6 to 46    → 48    stack kept: 0
         48 to 68    → 92    stack kept: 1, with the instruction that failed
         68 to 82    → 82    stack kept: 1, with the instruction that failed
         82 to 92    → 92    stack kept: 1, with the instruction that failed

    Cart.total.<locals>.<genexpr>
      constants  0 None
      locals     0 .0  1 price
      free       tax
      flags      OPTIMIZED  NEWLOCALS  NESTED  GENERATOR
      stack      3

                  0  COPY_FREE_VARS                1
        7              return sum(price * tax for price in prices)
                  2  RETURN_GENERATOR
                  4  POP_TOP
                  6  RESUME                        0
                  8  LOAD_FAST                     0  .0
                 10  GET_ITER
          L1:    12  FOR_ITER                      9  to L2
                 16  STORE_FAST_LOAD_FAST         17  price, price
                 18  LOAD_DEREF                    2  tax
                 20  BINARY_OP                     5  *
                 24  YIELD_VALUE                   0
                 26  RESUME                        5
                 28  POP_TOP
                 30  JUMP_BACKWARD                11  to L1
          L2:    34  END_FOR
                 36  POP_TOP
                 38  RETURN_CONST                  0  None
        -
                 40  CALL_INTRINSIC_1              3  INTRINSIC_STOPITERATION_ERROR
                 42  RERAISE                       1

      exceptions
          6 to 40    → 40    stack kept: 0, with the instruction that failed

    outer(name, /, *, flag)
      constants  0 None  1 <code inner, line 13>
      locals     0 name  1 flag  2 inner
      cells      name
      flags      OPTIMIZED  NEWLOCALS
      stack      2

                  0  MAKE_CELL                     0  name
       12  def outer(name, /, *, flag):
                  2  RESUME                        0
       13      def inner():
                  4  LOAD_FAST                     0  name
                  6  BUILD_TUPLE                   1
                  8  LOAD_CONST                    1  <code inner, line 13>
                 10  MAKE_FUNCTION
                 12  SET_FUNCTION_ATTRIBUTE        8  closure
                 14  STORE_FAST                    2  inner
       15      return inner
                 16  LOAD_FAST                     2  inner
                 18  RETURN_VALUE

    outer.<locals>.inner()
      constants  0 None
      free       name
      flags      OPTIMIZED  NEWLOCALS  NESTED
      stack      1

                  0  COPY_FREE_VARS                1
       13      def inner():
                  2  RESUME                        0
       14          return name
                  4  LOAD_DEREF                    0  name
                  6  RETURN_VALUE
    "#);
    Ok(())
}

fn chosen_functions(product: &Product) -> TestResult {
    let workspace = shop()?;
    let texts = [
        said(product, &workspace, &["shop.py", ":outer.inner", "--tree"]),
        said(product, &workspace, &["shop.py", "shop:outer.<locals>.inner", "--tree"]),
        said(product, &workspace, &["shop.py", ":Cart", "--tree", "-OO"]),
    ];
    insta::assert_snapshot!(texts.join("\n"), @r"
    Exited(0)
    shop  shop.py, CPython 3.13.#

    code object  line  bytecode  with all in it  constants  names
    inner          13       8 B           128 B          1      0

    Exited(0)
    shop  shop.py, CPython 3.13.#

    code object  line  bytecode  with all in it  constants  names
    inner          13       8 B           128 B          1      0

    Exited(0)
    shop  shop.py, CPython 3.13.#

    code object    line  bytecode  with all in it  constants  names
    Cart              4      34 B           736 B          7      6
      total           5      98 B           508 B          2      3
        <genexpr>     7      44 B           204 B          1      0
    ");
    Ok(())
}

fn caches_and_json(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("one.py", "a.b\n")])?;
    insta::assert_snapshot!(said(product, &workspace, &["one.py", "--caches"]), @r"
    Exited(0)
    one  one.py, CPython 3.13.#

    code object  line  bytecode  with all in it  constants  names
    <module>        1      28 B           136 B          1      2

    <module>
      constants  0 None
      names      0 a  1 b
      stack      1

        -
                  0  RESUME                        0
        1  a.b
                  2  LOAD_NAME                     0  a
                  4  LOAD_ATTR                     2  b
                     cache counter: 1 entry
                     cache version: 2 entries
                     cache keys_version: 2 entries
                     cache descr: 4 entries
                 24  POP_TOP
                 26  RETURN_CONST                  0  None
    ");
    insta::assert_snapshot!(said(product, &workspace, &["one.py", "--json"]), @r#"
    Exited(0)
    {
      "module": "one",
      "path": "one.py",
      "python": "3.13.#",
      "objects": [
        {
          "name": "<module>",
          "qualname": "<module>",
          "depth": 0,
          "first_line": 1,
          "size": 136,
          "bytecode_size": 28,
          "stack_size": 1,
          "flags": [
            "0x0"
          ],
          "parameters": [],
          "constants": [
            "None"
          ],
          "names": [
            "a",
            "b"
          ],
          "locals": [],
          "cells": [],
          "free": [],
          "exceptions": [],
          "instructions": [
            {
              "offset": 0,
              "name": "RESUME",
              "line": 0,
              "argument": 0
            },
            {
              "offset": 2,
              "name": "LOAD_NAME",
              "line": 1,
              "argument": 0,
              "meaning": "a"
            },
            {
              "offset": 4,
              "name": "LOAD_ATTR",
              "line": 1,
              "argument": 2,
              "meaning": "b",
              "caches": [
                {
                  "name": "counter",
                  "entries": 1
                },
                {
                  "name": "version",
                  "entries": 2
                },
                {
                  "name": "keys_version",
                  "entries": 2
                },
                {
                  "name": "descr",
                  "entries": 4
                }
              ]
            },
            {
              "offset": 24,
              "name": "POP_TOP",
              "line": 1,
              "argument": null
            },
            {
              "offset": 26,
              "name": "RETURN_CONST",
              "line": 1,
              "argument": 0,
              "meaning": "None"
            }
          ]
        }
      ]
    }
    "#);
    Ok(())
}

fn module_of_an_executable(product: &Product) -> TestResult {
    let workspace = shop()?;
    product.command(workspace.path()).args(["build", "app.py", "-o", "app", "-q"]).success()?;
    product.command(workspace.path()).args(["build", "app.py", "-o", "bare", "-q", "--source", "none"]).success()?;
    // The sources are those of the executable.
    fs::remove_file(workspace.join("shop.py"))?;
    insta::assert_snapshot!(said(product, &workspace, &["app"]), @r"
    Exited(0)
    __main__  app.py, CPython 3.13.#

    code object  line  bytecode  with all in it  constants  names
    <module>        1      68 B           229 B          5      3

    <module>
      constants  0 0  1 None  2 'a'  3 1  4 ('flag',)
      names      0 shop  1 print  2 outer
      stack      7

        -
                  0  RESUME                        0
        1  import shop
                  2  LOAD_CONST                    0  0
                  4  LOAD_CONST                    1  None
                  6  IMPORT_NAME                   0  shop
                  8  STORE_NAME                    0  shop
        2  print(shop.outer('a', flag=1)())
                 10  LOAD_NAME                     1  print
                 12  PUSH_NULL
                 14  LOAD_NAME                     0  shop
                 16  LOAD_ATTR                     4  outer
                 36  PUSH_NULL
                 38  LOAD_CONST                    2  'a'
                 40  LOAD_CONST                    3  1
                 42  LOAD_CONST                    4  ('flag',)
                 44  CALL_KW                       2
                 46  PUSH_NULL
                 48  CALL                          0
                 56  CALL                          1
                 64  POP_TOP
                 66  RETURN_CONST                  1  None
    ");
    insta::assert_snapshot!(said(product, &workspace, &["app", "shop:outer.inner"]), @r"
    Exited(0)
    shop  shop.py, CPython 3.13.#

    code object  line  bytecode  with all in it  constants  names
    inner          13       8 B           128 B          1      0

    outer.<locals>.inner()
      constants  0 None
      free       name
      flags      OPTIMIZED  NEWLOCALS  NESTED
      stack      1

                  0  COPY_FREE_VARS                1
       13      def inner():
                  2  RESUME                        0
       14          return name
                  4  LOAD_DEREF                    0  name
                  6  RETURN_VALUE
    ");
    insta::assert_snapshot!(said(product, &workspace, &["bare", "shop:outer.inner"]), @r"
    Exited(0)
    shop  shop.py, CPython 3.13.#
    without source lines: the executable was built without sources

    code object  line  bytecode  with all in it  constants  names
    inner          13       8 B           128 B          1      0

    outer.<locals>.inner()
      constants  0 None
      free       name
      flags      OPTIMIZED  NEWLOCALS  NESTED
      stack      1

                  0  COPY_FREE_VARS                1
       13
                  2  RESUME                        0
       14
                  4  LOAD_DEREF                    0  name
                  6  RETURN_VALUE
    ");
    // Of the standard library, compressed.
    product.command(workspace.path()).args(["dis", "app", "wave:Wave_read.readframes"]).success()?;
    Ok(())
}

fn compiled_file(product: &Product) -> TestResult {
    let workspace = shop()?;
    Run::new(&product.python, workspace.path()).args(["-m", "compileall", "-q", "shop.py"]).success()?;
    let cache = "__pycache__/shop.cpython-313.pyc";
    let from_source = said(product, &workspace, &["shop.py", ":outer"]);
    let from_cache = said(product, &workspace, &[cache, ":outer"]).replace(cache, "shop.py");
    // The path in the code objects is another, and so is their size.
    let body = |text: &str| text.split_once("\nouter(").map(|(_, body)| body.to_owned());
    if body(&from_source) != body(&from_cache) {
        return Err(format!("{from_source}\n{from_cache}").into());
    }
    workspace.write("shop.py", "changed = True\n")?;
    insta::assert_snapshot!(said(product, &workspace, &[cache, ":outer.inner"]), @r"
    Exited(0)
    shop  __pycache__/shop.cpython-313.pyc, CPython 3.13.#
    without source lines: the source has changed since: shop.py

    code object  line  bytecode  with all in it  constants  names
    inner          13       8 B           113 B          1      0

    outer.<locals>.inner()
      constants  0 None
      free       name
      flags      OPTIMIZED  NEWLOCALS  NESTED
      stack      1

                  0  COPY_FREE_VARS                1
       13
                  2  RESUME                        0
       14
                  4  LOAD_DEREF                    0  name
                  6  RETURN_VALUE
    ");
    let bytes = fs::read(workspace.join(cache))?;
    workspace.write(cache, &bytes[..60])?;
    insta::assert_snapshot!(said(product, &workspace, &[cache]), @r"
    Exited(1)
    error: Cannot disassemble `__pycache__/shop.cpython-313.pyc`: its code is cut off
    ");
    Ok(())
}

/// The same instructions as python's own `dis`, for a module with everything in it.
fn as_python_disassembles(product: &Product) -> TestResult {
    let workspace = Workspace::new()?;
    let list = "import dis, sys\n\
        code = compile(open(sys.argv[1], 'rb').read(), sys.argv[1], 'exec')\n\
        pending = [code]\n\
        while pending:\n    code = pending.pop(0)\n    \
        print(*[f'{one.offset} {one.opname} {one.arg} {one.line_number}' for one in dis.get_instructions(code)], sep='\\n')\n    \
        pending[:0] = [one for one in code.co_consts if hasattr(one, 'co_code')]\n";
    for module in ["dataclasses.py", "typing.py", "json/decoder.py"] {
        let path = product.library.join(module).display().to_string();
        let expected = Run::new(&product.python, workspace.path()).args(["-c", list, &path]).success()?.stdout;
        let output = product.command(workspace.path()).args(["dis", &path, "--json"]).success()?;
        let value: serde_json::Value = serde_json::from_str(&output.stdout).map_err(|error| error.to_string())?;
        let objects = value["objects"].as_array().cloned().unwrap_or_default();
        let instructions =
            objects.iter().flat_map(|object| object["instructions"].as_array().cloned().unwrap_or_default());
        let number = |value: &serde_json::Value| value.as_u64().map_or("None".to_owned(), |number| number.to_string());
        let line = |one: serde_json::Value| {
            let name = one["name"].as_str().unwrap_or_default().to_owned();
            format!("{} {name} {} {}\n", one["offset"], number(&one["argument"]), number(&one["line"]))
        };
        let found: String = instructions.map(line).collect();
        if found != expected {
            return Err(
                format!("{module}: {} lines instead of {}", found.lines().count(), expected.lines().count()).into()
            );
        }
    }
    Ok(())
}

fn names_that_are_none(product: &Product) -> TestResult {
    let workspace = shop()?;
    product.command(workspace.path()).args(["build", "app.py", "-o", "app", "-q"]).success()?;
    let texts = [
        said(product, &workspace, &["app", "shopp"]),
        said(product, &workspace, &["app", "nothing.like.it"]),
        said(product, &workspace, &["app", "sys"]),
        said(product, &workspace, &["app", "shop:Cart.totl"]),
        said(product, &workspace, &["app", "__main__:main"]),
        said(product, &workspace, &["shop.py", "outer"]),
    ];
    insta::assert_snapshot!(texts.join("\n"), @r"
    Exited(1)
    error: `app` has no module of this name: `shopp`
    hint: modules with a name like that: `shop`
    hint: `pyfreeze inspect app --modules` lists all

    Exited(1)
    error: `app` has no module of this name: `nothing.like.it`
    hint: `pyfreeze inspect app --modules` lists all

    Exited(1)
    error: Cannot disassemble `sys`: it is written in C, in the interpreter itself

    Exited(1)
    error: `shop` has no function or class of this name: `Cart.totl`
    hint: it has: `Cart.total`, `Cart`, `outer`, `outer.<locals>.inner`

    Exited(1)
    error: `__main__` has no function or class of this name: `main`
    hint: it has none at all

    Exited(1)
    error: `shop.py` has no module of this name: `outer`
    hint: the file is the module `shop`
    hint: write `:outer` for the function or class of that name
    ");
    Ok(())
}

fn files_that_are_none(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("notes.txt", "words"), ("script", "#!/bin/sh\n"), ("some.pyc", "words")])?;
    workspace.write("other.pyc", b"\x01\x00\r\n0123456789")?;
    let texts = ["nowhere.py", "nowhere", "notes.txt", "script", "some.pyc", "other.pyc"];
    let texts = texts.map(|name| said(product, &workspace, &[name]));
    insta::assert_snapshot!(texts.join("\n"), @r"
    Exited(1)
    error: Cannot read `nowhere.py`: No such file or directory (os error 2)

    Exited(1)
    error: Cannot read `nowhere`: No such file or directory (os error 2)

    Exited(1)
    error: `notes.txt` was not made by pyfreeze: it is not an executable
    hint: give an executable that pyfreeze made, a .py or a .pyc file

    Exited(1)
    error: `script` was not made by pyfreeze: it is a script
    hint: give an executable that pyfreeze made, a .py or a .pyc file

    Exited(1)
    error: Cannot disassemble `some.pyc`: its header is damaged; `pyfreeze pyc` says more

    Exited(1)
    error: Cannot disassemble `other.pyc`: its magic number 1 is no known version's
    ");
    Ok(())
}

/// A file of 3.6, made by hand: `x = 1`.
const OTHER_VERSION: &[u8] = b"\x33\x0d\x0d\x0a\0\0\0\0\x05\0\0\0\xe3\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x40\0\0\0\
    s\x08\0\0\0d\0Z\0d\x01S\0)\x02\xe9\x01\0\0\0N)\x01\xda\x01x\xa9\0r\x03\0\0\0r\x03\0\0\0\xfa\x04x.py\xda\x08<module>\
    \x01\0\0\0\xf3\0\0\0\0";

fn other_versions(product: &Product) -> TestResult {
    let workspace = Workspace::new()?;
    workspace.write("x.pyc", OTHER_VERSION)?;
    insta::assert_snapshot!(said(product, &workspace, &["x.pyc"]), @r#"
    Exited(1)
    error: Cannot disassemble `x.pyc`: it is bytecode of CPython 3.6, and the runtime is CPython 3.13.#
    hint: that version's own: `python3.6 -c "import dis, marshal, sys; dis.dis(marshal.loads(open(sys.argv[1], 'rb').read()[12:]))" x.pyc`
    x.pyc
      fresh: python3.6 runs it, because it lies where the source would be, and there is none to compare it with

      written by   CPython 3.6, magic number 3379
      checked by   the source's time and size
      recorded     1970-01-01 00:00:00 UTC, 5 bytes
      source       x.py: not there
      name         module `x`, in the place of its source, not optimized
      code         84 B: 1 code object with 8 B of bytecode
      compiled as  x.py

      if it were run with
      -B  the same
      -O  the same

    code object  line  bytecode  constants  names
    <module>        1       8 B          2      1
    "#);
    Ok(())
}

fn syntax_error_as_python_shows_it(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("bad.py", "x = 1\ndef f(:\n    pass\n")])?;
    let text = said(product, &workspace, &["bad.py"]);
    let python = Run::new(&product.python, workspace.path()).arg("bad.py").output().stderr;
    let python = python.replace(&workspace.join("bad.py").display().to_string(), "bad.py");
    if !text.contains(python.trim_end()) {
        return Err(format!("{python}\n{text}").into());
    }
    insta::assert_snapshot!(text, @r#"
    Exited(1)
    error: Cannot compile: `bad.py`
      File "bad.py", line 2
        def f(:
              ^
    SyntaxError: invalid syntax
    "#);
    Ok(())
}

fn colour_on_a_terminal_only(product: &Product) -> TestResult {
    let workspace = shop()?;
    let plain = product.command(workspace.path()).args(["dis", "shop.py"]).success()?.stdout;
    let script = |variable: &str| {
        let command = format!("{variable} {} dis shop.py", product.pyfreeze.display());
        let run = Run::new("/usr/bin/script", workspace.path()).args(["-qec", &command, "/dev/null"]);
        product.equip(run).output().stdout.replace("\r\n", "\n")
    };
    let (coloured, refused) = (script("TERM=xterm"), script("NO_COLOR=1"));
    let is_right = !plain.contains('\x1b') && coloured.contains("\x1b[1m") && !refused.contains('\x1b');
    if is_right && refused.contains("MAKE_FUNCTION") { Ok(()) } else { Err(format!("{coloured}\n{refused}").into()) }
}
