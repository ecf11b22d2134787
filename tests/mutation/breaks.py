"""Finds the places of a source file that can be broken, and writes the copy that holds all the breaks.

clang's own view of the file (libclang) says where an expression begins and ends and what type it has, so that no break
is a guess about text. A break is an edit that keeps lines where they are: what the compiler says of a line can be told
to the mutants of that line.
"""

import re

import clang.cindex as cindex
from clang.cindex import CursorKind as Kind

COMPARISONS = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"}
BORDERS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
ARITHMETIC = {"+": ("add", "-"), "-": ("subtract", "+"), "*": ("multiply", "/"), "/": ("divide", "*"),
              "%": ("modulo", "*")}
# Types beside the built-in numbers whose sums can become differences. Text has a + and no -.
NUMBERS = re.compile(r"^(const )?(switchyard::)?(Money|Rate|Duration|Timestamp)$|^(const )?std::chrono::")
WRAPPERS = (Kind.UNEXPOSED_EXPR, Kind.PAREN_EXPR)
LOOPS = (Kind.WHILE_STMT, Kind.FOR_STMT, Kind.DO_STMT)
CONSTANT_PLACES = (Kind.STATIC_ASSERT, Kind.ENUM_CONSTANT_DECL, Kind.ALIGNED_ATTR)
CONTEXT = 100  # characters that a mutant shows around its break at the most


class Mutant:
    """One break: where, of which sort, and the text around it before and after."""

    def __init__(self, sort, begin, end, line, function, before, after, edits):
        self.sort, self.begin, self.end, self.line = sort, begin, end, line
        self.function, self.before, self.after = function, before, after
        self.edits = edits  # [(begin, end, text)]; "{n}" in the text stands for the number
        self.number = 0
        self.path = ""
        self.twin = 1  # which one of those that read alike in one function

    def key(self):
        twin = "" if self.twin == 1 else " (%d)" % self.twin
        return "%s%s: %s => %s" % (self.function, twin, self.before, self.after)


def squeeze(text):
    return " ".join(text.split())


class Finder:
    """Walks over one file and collects its mutants."""

    def __init__(self, top, path):
        self.path = path
        with open("%s/%s" % (top, path), "rb") as file:
            self.bytes = file.read()
        # clang counts bytes; in latin-1 every byte is a character.
        self.text = self.bytes.decode("latin-1")
        unit = cindex.Index.create().parse("%s/%s" % (top, path), ["-std=c++20", "-I" + top, "-xc++"])
        self.name = "%s/%s" % (top, path)
        # What clang 14 has against the ranges of libstdc++ 12 spoils no more than the expression that uses them.
        errors = [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error and
                  d.location.file and d.location.file.name.startswith(top)]
        if errors:
            raise SystemExit("mutate: clang cannot read %s: %s" % (path, errors[0]))
        self.mutants = []
        self.constants = []  # spans of constexpr variables whose numbers are broken: no longer known to the compiler
        self.seen = set()
        self.function = "(file)"
        for cursor in unit.cursor.get_children():
            if cursor.location.file and cursor.location.file.name == self.name:
                self.walk(cursor, [])
        twins = {}
        self.mutants.sort(key=lambda m: (m.begin, m.end, m.sort))
        for mutant in self.mutants:
            mutant.path = path
            twins[mutant.key()] = mutant.twin = twins.get(mutant.key(), 0) + 1

    def span(self, cursor):
        begin, end = cursor.extent.start.offset, cursor.extent.end.offset
        if cursor.kind.is_expression():
            # libclang ends a comparison that is made of <=> with its operator, and begins one that it turned round with
            # what stands behind.
            for child in cursor.get_children():
                begin = min(begin, child.extent.start.offset)
                end = max(end, child.extent.end.offset)
        return begin, end

    def add(self, sort, span, after, edits, parents, piece=None):
        """A break of text[span]; `piece` is what is replaced in it, by `after`, if that is less than the whole."""
        if (sort, span, after) in self.seen or span[0] == span[1]:
            return
        self.seen.add((sort, span, after))
        begin, end = piece or span
        context = span
        if piece is None:
            for parent in reversed(parents):
                b, e = self.span(parent)
                if b <= span[0] and e >= span[1] and (b, e) != span:
                    if e - b <= CONTEXT:
                        context = (b, e)
                    break
        before = self.text[context[0]:context[1]]
        if len(before) > 2 * CONTEXT:
            context = (begin, end)
            before = self.text[begin:end]
        changed = self.text[context[0]:begin] + after + self.text[end:context[1]]
        line = self.text.count("\n", 0, begin) + 1
        clip = lambda text: text if len(text) <= 2 * CONTEXT else text[:2 * CONTEXT] + "..."
        self.mutants.append(Mutant(sort, span[0], span[1], line, self.function, clip(squeeze(before)),
                                   clip(squeeze(changed)) or "(nothing)", edits))

    def walk(self, cursor, parents):
        kind = cursor.kind
        if kind in CONSTANT_PLACES or self.is_constant(cursor, parents):
            return
        if kind == Kind.VAR_DECL and self.text.startswith("constexpr", cursor.extent.start.offset):
            self.constants.append(self.span(cursor))
        outer = self.function
        if kind in (Kind.FUNCTION_DECL, Kind.CXX_METHOD, Kind.CONSTRUCTOR, Kind.DESTRUCTOR, Kind.FUNCTION_TEMPLATE):
            self.function = cursor.spelling
        elif kind == Kind.VAR_DECL and not any(p.kind == Kind.COMPOUND_STMT for p in parents):
            self.function = cursor.spelling
        children = list(cursor.get_children())
        if kind == Kind.PARM_DECL:
            children = []  # default arguments belong to the header
        self.look_at(cursor, children, parents)
        for child in children:
            if kind == Kind.CASE_STMT and child is children[0]:
                continue  # a label
            if kind in (Kind.VAR_DECL, Kind.CALL_EXPR) and child.kind == Kind.TYPE_REF:
                continue
            self.walk(child, parents + [cursor])
        self.function = outer

    def is_constant(self, cursor, parents):
        """A constexpr variable that is more than a number: tables of words and the like stay what they are."""
        if cursor.kind != Kind.VAR_DECL:
            return False
        text = self.text[slice(*self.span(cursor))]
        return text.startswith("constexpr") and ("<" in text.split("=")[0].split("{")[0] or "string_view" in text)

    def look_at(self, cursor, children, parents):
        kind = cursor.kind
        span = self.span(cursor)
        if kind == Kind.IF_STMT:
            self.condition(children, parents + [cursor], loop=False)
        elif kind in (Kind.WHILE_STMT, Kind.FOR_STMT, Kind.DO_STMT):
            for child in children:
                if child.type.spelling == "bool" and child.kind.is_expression():
                    self.leaf(child, parents + [cursor], loop=True)
        elif kind == Kind.CONDITIONAL_OPERATOR and children:
            self.leaf(children[0], parents + [cursor])
        elif kind == Kind.RETURN_STMT and children and children[0].type.spelling in ("bool", "const bool"):
            self.leaf(children[0], parents + [cursor])
        elif kind == Kind.VAR_DECL and cursor.type.spelling in ("bool", "const bool") and children:
            if children[-1].kind.is_expression():
                self.leaf(children[-1], parents + [cursor])
        elif kind in (Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR) and len(children) == 2:
            self.binary(cursor, children[0], children[1], parents)
        elif kind == Kind.CALL_EXPR and cursor.spelling.startswith("operator") and len(children) == 3:
            self.binary(cursor, children[0], children[2], parents)
        elif kind == Kind.CALL_EXPR and cursor.spelling in ("max", "min"):
            self.extreme(cursor, parents)
        elif kind == Kind.UNARY_OPERATOR and self.text[span[0]] == "-" and self.text[span[0] + 1] != "-":
            self.add("sign", span, self.text[span[0] + 1:span[1]],
                     [(span[0], span[0] + 1, "::mutant::negate({n}, "), (span[1], span[1], ")")], parents)
        elif kind == Kind.UNARY_OPERATOR and self.text[span[0]] == "!" and children:
            self.leaf(children[0], parents + [cursor])
        elif kind == Kind.INTEGER_LITERAL:
            self.number(span, parents)
        elif kind == Kind.CXX_BOOL_LITERAL_EXPR and self.text[span[0]:span[1]] in ("true", "false"):
            truth = self.text[span[0]:span[1]] == "true"
            self.add("constant", span, "false" if truth else "true",
                     [(span[0], span[1], "(%s::mutant::on({n}))" % ("!" if truth else ""))], parents)
        self.statements(cursor, children, parents)

    def condition(self, children, parents, loop):
        for child in children:
            if child.kind == Kind.VAR_DECL:  # a condition that declares, and holds where it finds something
                found = list(child.get_children())[-1:]
                if found and found[0].kind.is_expression() and child.type.kind == cindex.TypeKind.POINTER:
                    begin, end = self.span(found[0])
                    self.add("condition", (begin, end), "nullptr", [
                        (begin, begin, "(::mutant::on({n}) ? nullptr : ("), (end, end, "))")], parents + [child])
                return
            if child.kind == Kind.DECL_STMT:
                continue  # what is declared ahead of it
            if child.kind.is_expression():
                self.leaf(child, parents, loop)
            return

    def leaf(self, cursor, parents, loop=False):
        """A truth value: always true, and never. Taken apart at && and || first, whose own breaks binary() adds."""
        inner = cursor
        while inner.kind in WRAPPERS and len(list(inner.get_children())) == 1:
            inner = list(inner.get_children())[0]
        span = self.span(inner)
        text = self.text[span[0]:span[1]]
        if text in ("true", "false") or not text:
            return
        if inner.kind == Kind.BINARY_OPERATOR:
            parts = list(inner.get_children())
            if len(parts) == 2 and self.operator(parts[0], parts[1])[0] in ("&&", "||"):
                for part in parts:
                    self.leaf(part, parents, loop)
                return
        if inner.kind == Kind.UNARY_OPERATOR and text.startswith("!"):
            return  # look_at() comes by what stands behind it
        # What stands in brackets of its own is wrapped within them.
        if not loop:
            self.add("condition", span, "true",
                     [(span[0], span[0], "(::mutant::on({n}) || ("), (span[1], span[1], "))")], parents)
        self.add("condition", span, "false",
                 [(span[0], span[0], "(!::mutant::on({n}) && ("), (span[1], span[1], "))")], parents)

    def operator(self, left, right):
        """The operator between two operands, and where it stands."""
        begin, end = self.span(left)[1], self.span(right)[0]
        between = self.text[begin:end]
        found = re.match(r"\s*(<=>|&&|\|\||[-+*/%]=|[<>=!]=|[-+*/%<>=])\s*$", between)
        return (found.group(1), begin + found.start(1)) if found else ("", 0)

    def binary(self, cursor, left, right, parents):
        left, right = sorted((left, right), key=lambda side: self.span(side)[0])
        sign, at = self.operator(left, right)
        if not sign:
            return
        span = self.span(cursor)
        place = (at, at + len(sign))

        def as_call(name):
            return [(span[0], span[0], "::mutant::%s({n}, (" % name), (at, at + len(sign), "), ("),
                              (span[1], span[1], "))")]

        if sign in COMPARISONS:
            self.leaf(cursor, parents, loop=self.is_in_loop_head(parents, cursor))
            self.add("border", span, BORDERS[sign], as_call(COMPARISONS[sign]), parents, place)
        elif sign in ("==", "!="):
            self.leaf(cursor, parents, loop=self.is_in_loop_head(parents, cursor))
        elif sign == "&&":
            self.add("junction", span, "||", [
                (span[0], span[0], "(static_cast<bool>("),
                (at, at + 2, ") == ::mutant::on({n}) ? ::mutant::on({n}) : static_cast<bool>("),
                (span[1], span[1], "))")], parents, place)
        elif sign == "||":
            self.add("junction", span, "&&", [
                (span[0], span[0], "(static_cast<bool>("),
                (at, at + 2, ") != ::mutant::on({n}) ? !::mutant::on({n}) : static_cast<bool>("),
                (span[1], span[1], "))")], parents, place)
        elif sign in ARITHMETIC and self.is_number(cursor.type):
            name, other = ARITHMETIC[sign]
            self.add("arithmetic", span, other, as_call(name), parents, place)
        elif sign in ("+=", "-=") and self.is_number(cursor.type):
            b, e = self.span(right)
            self.add("arithmetic", (b, e), "-(%s)" % self.text[b:e], [
                (b, b, "(::mutant::on({n}) ? -1 : 1) * ("), (e, e, ")")], parents + [cursor])

    def is_in_loop_head(self, parents, cursor):
        """Whether it is the condition of a loop: "always" would only be a loop without end."""
        for parent in reversed(parents):
            if parent.kind in LOOPS:
                return True
            if not parent.kind.is_expression():
                return False
        return False

    def is_number(self, of):
        canonical = of.get_canonical()
        if NUMBERS.match(of.spelling) or NUMBERS.match(canonical.spelling):
            return True
        return canonical.kind in (cindex.TypeKind.INT, cindex.TypeKind.LONG, cindex.TypeKind.LONGLONG,
                                  cindex.TypeKind.UINT, cindex.TypeKind.ULONG, cindex.TypeKind.ULONGLONG,
                                  cindex.TypeKind.INT128, cindex.TypeKind.UINT128)

    def extreme(self, cursor, parents):
        span = self.span(cursor)
        found = re.match(r"std::(max|min)(<[\w:]+>)?\(", self.text[span[0]:span[1]])
        if not found:
            return
        other = "min" if found.group(1) == "max" else "max"
        head = (span[0], span[0] + found.end())
        self.add("extreme", span, "std::" + other, [
            (head[0], head[1], "::mutant::%s%s({n}, " % (found.group(1), found.group(2) or ""))], parents,
            (span[0], span[0] + len("std::max")))

    def number(self, span, parents):
        text = self.text[span[0]:span[1]].replace("'", "")
        if not re.match(r"\d+$", text):
            return
        value = int(text)
        for change in ((1,) if value == 0 else (1, -1)):
            self.add("constant", span, str(value + change), [
                (span[0], span[0], "("), (span[1], span[1], " %s ::mutant::on({n}))" % ("+" if change > 0 else "-"))],
                parents)

    def statements(self, cursor, children, parents):
        """What is done for its effect, left undone."""
        kind = cursor.kind
        if kind in (Kind.COMPOUND_STMT, Kind.CASE_STMT, Kind.DEFAULT_STMT):
            candidates = children
        elif kind == Kind.IF_STMT:
            candidates = children[1:]
        elif kind in (Kind.FOR_STMT, Kind.WHILE_STMT, Kind.CXX_FOR_RANGE_STMT):
            candidates = children[-1:]
        else:
            return
        for child in candidates:
            inner = child
            while inner.kind in WRAPPERS and len(list(inner.get_children())) == 1:
                inner = list(inner.get_children())[0]
            if kind == Kind.IF_STMT and child is children[0]:
                continue
            begin, end = self.span(child)
            semicolon = re.match(r"\s*;", self.text[end:])
            if not semicolon:
                continue
            text = self.text[begin:end]
            jump = inner.kind in (Kind.CONTINUE_STMT, Kind.BREAK_STMT) or text == "return"
            declared = kind == Kind.IF_STMT and children[0].kind in (Kind.VAR_DECL, Kind.DECL_STMT)
            guard = inner.kind == Kind.RETURN_STMT and declared and child is not children[0]
            work = inner.kind in (Kind.CALL_EXPR, Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR) or (
                inner.kind == Kind.UNARY_OPERATOR and text[:2] in ("++", "--"))
            if ".reserve(" in text and inner.kind == Kind.CALL_EXPR:
                continue  # room made ahead changes nothing
            if not (jump or guard or work) or (kind == Kind.CASE_STMT and child is children[0]):
                continue
            span = (begin, end + semicolon.end())
            self.add("statement", span, "", [
                (span[0], span[0], "{ if (!::mutant::on({n})) "), (span[1], span[1], " }")], [])


def render(text, mutants, constants):
    """The text with the given mutants in it. Edits nest or stand apart; at one place the wider one stands outside."""
    opening, closing, replaced = {}, {}, {}
    for begin, end in constants:
        if any(begin <= mutant.begin and mutant.end <= end for mutant in mutants):
            replaced[begin] = (begin + len("constexpr"), "const")
    for mutant in mutants:
        width = mutant.end - mutant.begin
        # Of two of one width the one that takes the operator's place stands inside.
        rank = any(begin not in (mutant.begin, mutant.end) for begin, _, _ in mutant.edits)
        for begin, end, what in mutant.edits:
            what = what.replace("{n}", str(mutant.number))
            if begin != end:
                replaced[begin] = (end, what)
            elif begin == mutant.begin:
                opening.setdefault(begin, []).append((-width, rank, mutant.number, what))
            else:
                closing.setdefault(begin, []).append((width, not rank, -mutant.number, what))
    out, at = [], 0
    while at <= len(text):
        out += [edit[-1] for edit in sorted(closing.get(at, []))]
        out += [edit[-1] for edit in sorted(opening.get(at, []))]
        if at == len(text):
            break
        if at in replaced:
            end, what = replaced[at]
            out.append(what + "\n" * text.count("\n", at, end))
            at = end
        else:
            out.append(text[at])
            at += 1
    return "".join(out)
