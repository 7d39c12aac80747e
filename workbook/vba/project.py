"""A VBA project from source text: the streams of [MS-OVBA] 2.2 and 2.3, written as 2.3.4.1 tells
those who have no VBA: version 0xFFFF and no performance cache, so that Excel compiles the source."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterable, Mapping, Sequence

from .compound_file import compound_file
from .compression import compress

WORKBOOK = "ThisWorkbook"   # the code name of the workbook's own module
CODE_PAGE = "cp1252"

_CLASS_OF = {"workbook": "00020819", "sheet": "00020820"}  # Excel's Workbook and Worksheet
_DOCUMENT = """\
Attribute VB_Base = "0{{{class_id}-0000-0000-C000-000000000046}}"
Attribute VB_GlobalNameSpace = False
Attribute VB_Creatable = False
Attribute VB_PredeclaredId = True
Attribute VB_Exposed = True
Attribute VB_TemplateDerived = False
Attribute VB_Customizable = True
"""
_LIBRARIES = {
    "stdole": r"*\G{00020430-0000-0000-C000-000000000046}#2.0#0#C:\Windows\System32\stdole2.tlb#OLE Automation",
    "Office": r"*\G{2DF8D04C-5BFA-101B-BDE5-00AA0044DE52}#2.0#0#C:\Program Files\Common Files\Microsoft Shared"
              r"\OFFICE16\MSO.DLL#Microsoft Office 16.0 Object Library",
}


def vba_project(modules: Mapping[str, str], sheets: Sequence[str], *, name: str = "VBAProject") -> bytes:
    """The bytes of ``vbaProject.bin``: `modules` are sources by name, `sheets` the code names of all worksheets.

    Raises UnicodeEncodeError for source that code page 1252 cannot hold.
    """
    documents = {WORKBOOK: _DOCUMENT.format(class_id=_CLASS_OF["workbook"]),
                 **{sheet: _DOCUMENT.format(class_id=_CLASS_OF["sheet"]) for sheet in sheets}}
    sources = {module: _encoded(f'Attribute VB_Name = "{module}"\n{text}')
               for module, text in (documents | dict(modules)).items()}
    return compound_file({
        "VBA": {"dir": compress(_dir(name, sources, documents)),
                "_VBA_PROJECT": struct.pack("<HHBH", 0x61CC, 0xFFFF, 0, 0),
                **{module: compress(source) for module, source in sources.items()}},
        "PROJECT": _encoded(_project_text(name, sources, documents)),
        "PROJECTwm": _name_map(sources),
    })


def _encoded(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode(CODE_PAGE)


# -- the dir stream (2.3.4.2): records of a number, a size and data -----------------------------------

def _dir(name: str, sources: Iterable[str], documents: Mapping[str, str]) -> bytes:
    sources = list(sources)
    return b"".join((
        # PROJECTINFORMATION (2.3.4.2.1)
        _long(0x01, 3),                                     # SYSKIND: 64-bit Windows
        _long(0x02, 0x0409), _long(0x14, 0x0409),           # LCID, LCIDINVOKE
        _short(0x03, 1252),                                 # CODEPAGE
        _record(0x04, name.encode(CODE_PAGE)),              # NAME
        _in_two_codes(0x05, "", 0x40),                      # DOCSTRING
        _record(0x06, b""), _record(0x3D, b""),             # HELPFILEPATH
        _long(0x07, 0), _long(0x08, 0),                     # HELPCONTEXT, LIBFLAGS
        struct.pack("<HIIH", 0x09, 4, 1, 1),                # VERSION: major, minor; its size field is reserved
        _in_two_codes(0x0C, "", 0x3C),                      # CONSTANTS
        # PROJECTREFERENCES (2.3.4.2.2): REFERENCENAME, REFERENCEREGISTERED
        *(_in_two_codes(0x16, library, 0x3E)
          + _record(0x0D, _sized(path.encode(CODE_PAGE)) + bytes(6)) for library, path in _LIBRARIES.items()),
        # PROJECTMODULES (2.3.4.2.3)
        _short(0x0F, len(sources)), _short(0x13, 0xFFFF),   # how many, PROJECTCOOKIE
        *(_module(module, module in documents) for module in sources),
        _record(0x10, b""),                                 # the end
    ))


def _module(name: str, is_document: bool) -> bytes:
    """MODULE (2.3.4.2.3.2): the source begins at offset 0 of its stream, since no cache precedes it."""
    return b"".join((
        _record(0x19, name.encode(CODE_PAGE)), _record(0x47, name.encode("utf-16-le")),
        _in_two_codes(0x1A, name, 0x32),                    # STREAMNAME
        _in_two_codes(0x1C, "", 0x48),                      # DOCSTRING
        _long(0x31, 0), _long(0x1E, 0),                     # OFFSET, HELPCONTEXT
        _short(0x2C, 0xFFFF),                               # COOKIE
        _record(0x22 if is_document else 0x21, b""),        # TYPE
        _record(0x2B, b""),                                 # the end of the module
    ))


def _record(number: int, data: bytes) -> bytes:
    return struct.pack("<H", number) + _sized(data)


def _sized(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def _long(number: int, value: int) -> bytes:
    return _record(number, struct.pack("<I", value))


def _short(number: int, value: int) -> bytes:
    return _record(number, struct.pack("<H", value))


def _in_two_codes(number: int, text: str, unicode_number: int) -> bytes:
    return _record(number, text.encode(CODE_PAGE)) + _record(unicode_number, text.encode("utf-16-le"))


# -- the PROJECT and PROJECTwm streams (2.3.1, 2.3.3) -------------------------------------------------

def _project_text(name: str, sources: Iterable[str], documents: Mapping[str, str]) -> str:
    sources = list(sources)
    # by content, not by chance: the same workbook is built twice byte for byte
    project_id = "{" + str(uuid.uuid5(uuid.NAMESPACE_OID, name + "".join(sources))).upper() + "}"
    own = [module for module in sources if module not in documents]
    return "\n".join((
        f'ID="{project_id}"',
        *(f"Document={document}/&H00000000" for document in documents),
        *(f"Module={module}" for module in own),
        f'Name="{name}"', 'HelpContextID="0"', 'VersionCompatible32="393222000"',
        f'CMG="{encrypted(bytes(4), project_id, seed=0x54)}"',       # ProjectProtectionState: none (2.3.1.15)
        f'DPB="{encrypted(bytes(1), project_id, seed=0xA8)}"',       # ProjectPassword: none (2.3.1.16)
        f'GC="{encrypted(bytes([255]), project_id, seed=0xFC)}"',    # ProjectVisibilityState: visible (2.3.1.17)
        "", "[Host Extender Info]", "&H00000001={3832D640-CF90-11CF-8E43-00A0C911005A};VBE;&H00000000",
        "", "[Workspace]",
        *(f"{module}={'0, 0, 0, 0, C' if module in documents else '26, 26, 1349, 522, '}" for module in sources), ""))


def encrypted(data: bytes, project_id: str, *, seed: int) -> str:
    """Data Encryption (2.4.3.2) of a state of the project `project_id` (with its braces), in hexadecimal."""
    key = sum(project_id.encode(CODE_PAGE)) & 0xFF
    out = [seed, seed ^ 2, seed ^ key]                       # seed, version 2, project key
    plain, cipher_before, cipher = key, out[1], out[2]
    ignored = b"\7" * ((seed & 6) // 2)                      # of any value: that of the example (3.1.6)
    for byte in ignored + struct.pack("<I", len(data)) + data:
        out.append(byte ^ (cipher_before + plain & 0xFF))
        cipher_before, cipher, plain = cipher, out[-1], byte
    return bytes(out).hex().upper()


def _name_map(names: Iterable[str]) -> bytes:
    """PROJECTwm: every module's name in both codes."""
    return b"".join(name.encode(CODE_PAGE) + b"\0" + name.encode("utf-16-le") + b"\0\0" for name in names) + b"\0\0"
