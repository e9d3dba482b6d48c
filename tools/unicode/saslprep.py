#!/usr/bin/env python3
"""What SASLprep needs of Unicode, from Python's own data; and a slow and plain SASLprep to compare with.

  tools/unicode/saslprep.py tables > protocol/src/saslprep_tables.inc     writes the tables anew
  tools/unicode/saslprep.py check protocol/src/saslprep_tables.inc        says whether the file is what `tables` writes
  tools/unicode/saslprep.py prepare < PASSWORDS                           prepares passwords, one a line, in hexadecimal

`prepare` answers a line each: the prepared password in hexadecimal, or "-" where the password is used as it is.

The rules are those of the PostgreSQL server, which made the password's stored form, where they differ from RFC 4013:
  - code points are judged before normalisation, not after it;
  - normalisation is today's, where Unicode corrected 3.2 since (five ideographs).
"""

import stringprep
import sys
import unicodedata
from unicodedata import ucd_3_2_0

CODE_POINTS = [chr(code) for code in range(0x30000)]  # what comes after them is forbidden


def is_space(c):
    return stringprep.in_table_c12(c)


def is_dropped(c):
    return stringprep.in_table_b1(c) and not is_space(c)


def is_forbidden(c):
    """Prohibited (RFC 4013, section 2.3) or unassigned in Unicode 3.2 (section 2.5)."""
    tables = (stringprep.in_table_a1, stringprep.in_table_c12, stringprep.in_table_c21_c22, stringprep.in_table_c3,
              stringprep.in_table_c4, stringprep.in_table_c5, stringprep.in_table_c6, stringprep.in_table_c7,
              stringprep.in_table_c8, stringprep.in_table_c9)
    return any(table(c) for table in tables)


def prepare(password):
    """The prepared password, or None: it is used as it is."""
    try:
        text = password.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if text.isascii():
        return None
    text = "".join(" " if is_space(c) else c for c in text if not is_dropped(c))
    if not text or any(is_forbidden(c) for c in text):
        return None
    if any(stringprep.in_table_d1(c) for c in text):
        if any(stringprep.in_table_d2(c) for c in text):
            return None
        if not stringprep.in_table_d1(text[0]) or not stringprep.in_table_d1(text[-1]):
            return None
    return unicodedata.normalize("NFKC", text).encode("utf-8")


# --- the tables --------------------------------------------------------------------------------------------------------


def ranges(predicate):
    """The ranges of code points for which it is true: (first, last)."""
    found = []
    for code, c in enumerate(CODE_POINTS):
        if not predicate(c):
            continue
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def is_hangul(c):
    return 0xAC00 <= ord(c) <= 0xD7A3


def decomposition(c):
    """What a character falls into in one step; empty if it does not."""
    if is_forbidden(c) or is_space(c) or is_hangul(c):
        return ""
    parts = unicodedata.decomposition(c).split()
    return "".join(chr(int(part, 16)) for part in parts if not part.startswith("<"))


def fully_decomposed(c):
    return "".join(map(fully_decomposed, decomposition(c))) or c


def blocks(characters, gap=4):
    """Runs of characters with no more than small gaps between: (first, last)."""
    found = []
    for code in map(ord, characters):
        if found and code - found[-1][1] <= gap:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def composites():
    """The characters that normalisation makes of two others, in the order of those."""
    found = [c for c in CODE_POINTS if len(decomposition(c)) == 2 and unicodedata.normalize("NFKC", c) == c]
    return sorted(found, key=decomposition)


def combining_ranges():
    """Runs of characters of one combining class: (first, last, class)."""
    found = []
    for code, c in enumerate(CODE_POINTS):
        value = unicodedata.combining(c)
        if value == 0 or is_forbidden(c):
            continue
        if found and found[-1][1] == code - 1 and found[-1][2] == value:
            found[-1][1] = code
        else:
            found.append([code, code, value])
    return found


def literal(text):
    """A character of a C++ string literal: ASCII as it is, the rest by its number."""
    return "".join("\\" + c if c in '"\\' else c if c.isascii() else f"\\u{ord(c):04X}" if ord(c) < 0x10000
                   else f"\\U{ord(c):08X}" for c in text)


def print_rows(rows):
    line = " "
    for row in rows:
        text = (" {" + ", ".join(row) + "}," if len(row) > 1 else " " + row[0] + ",")
        if len(line) + len(text) > 118:
            print(line)
            line = " "
        line += text
    print(line)


def code_text(code):
    return f"0x{code:04X}"


def print_ranges(name, what, predicate):
    print(f"\n// {what}")
    print(f"constexpr code_range {name}[] = {{")
    print_rows([code_text(first), code_text(last)] for first, last in ranges(predicate))
    print("};")


def print_decompositions():
    decomposable = [c for c in CODE_POINTS if decomposition(c)]
    assert all(fully_decomposed(c) == unicodedata.normalize("NFKD", c)
               for c in CODE_POINTS if not is_forbidden(c) and not is_hangul(c))
    runs = blocks(decomposable)
    print("""
// What a character falls into in one step, a newline after each; nothing where it does not. Blocks of neighbours, whose
// first characters stand below, with the offset of each in bytes.""")
    print("constexpr char8_t decompositions[] =")
    starts, size = [], 0
    for first, last in runs:
        starts.append((first, size))
        print(f"    // U+{first:04X}")
        line = ""
        for code in range(first, last + 1):
            to = decomposition(chr(code))
            size += len(to.encode("utf-8")) + 1
            text = literal(to) + "\\n"
            if len(line) + len(text) > 110:
                print(f'    u8"{line}"')
                line = ""
            line += text
        print(f'    u8"{line}"' + (";" if first == runs[-1][0] else ""))
    print("\nconstexpr decomposition_block decomposition_blocks[] = {")
    print_rows([code_text(first), str(start)] for first, start in starts)
    print("};")


def print_tables():
    version = ucd_3_2_0.unidata_version
    assert all(is_forbidden(chr(code)) for code in range(0x30000, sys.maxunicode + 1))
    print(f"""// Made by tools/unicode/saslprep.py from Unicode {version}'s data; not to be edited. All from U+30000 on is forbidden.
// clang-format off""")
    print_ranges("spaces", "Spaces other than ASCII's, which become one (RFC 3454, C.1.2).", is_space)
    print_ranges("dropped", "Commonly mapped to nothing (RFC 3454, B.1).", is_dropped)
    print_ranges("forbidden", "Prohibited (RFC 4013, section 2.3) or unassigned (RFC 3454, A.1).", is_forbidden)
    print_ranges("right_to_left", "RandALCat (RFC 3454, D.1).", stringprep.in_table_d1)
    print_ranges("left_to_right", "LCat (RFC 3454, D.2).", stringprep.in_table_d2)
    print("\n// Canonical combining classes other than 0: first, last, class.")
    print("constexpr class_range combining_classes[] = {")
    print_rows([code_text(first), code_text(last), str(value)] for first, last, value in combining_ranges())
    print("};")
    print("\n// What is made of two characters, in the order of those two, which its decomposition tells. Hangul is computed.")
    print("constexpr std::uint16_t composites[] = {")
    print_rows([code_text(ord(c))] for c in composites())
    print("};")
    print_decompositions()
    print("// clang-format on")


def main():
    command = sys.argv[1:2]
    if command == ["tables"] and len(sys.argv) == 2:
        print_tables()
    elif command == ["check"] and len(sys.argv) == 3:
        import contextlib
        import io
        with contextlib.redirect_stdout(io.StringIO()) as made:
            print_tables()
        with open(sys.argv[2], encoding="utf-8") as file:
            if file.read() != made.getvalue():
                sys.exit(f"{sys.argv[2]} is not what `tables` writes: make it anew")
    elif command == ["prepare"] and len(sys.argv) == 2:
        for line in sys.stdin:
            prepared = prepare(bytes.fromhex(line))
            print("-" if prepared is None else prepared.hex())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
