#include "tests/engine/mime/summary_check.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/mime/header_fields.h"
#include "engine/mime/parts.h"
#include "journal/base/ascii.h"
#include "journal/base/limits.h"
#include "tests/engine/mime/imap_grammar.h"
#include "tests/engine/mime/summary_of.h"

namespace daybook::test {

namespace {

using Parts = capnp::List<summary::Part>::Reader;

void require(bool condition, const char* what, std::size_t index = 0) {
    if (!condition) throw std::runtime_error(what + (" of part " + std::to_string(index)));
}

bool isClean(capnp::Text::Reader text) {
    const std::string_view octets(text.cStr(), text.size());
    return octets.find('\0') == std::string_view::npos && isUtf8(octets);
}

void checkTexts(summary::Summary::Reader root) {
    require(root.getVersion() == 2, "version");
    require(isClean(root.getSubject()), "subject");
    require(isClean(root.getMessageId()), "message id");
    require(root.getReferences().size() <= limits::kMimeReferencesMax, "number of references");
    for (const auto reference : root.getReferences()) {
        require(isClean(reference), "reference");
    }
}

// Within the parent's body, behind the elder sibling, numbered without a gap.
void checkTree(std::string_view message, const Parts& parts) {
    require(parts.size() > 0 && parts.size() <= limits::kMimePartsMax, "number");
    require(parts[0].getParent() == -1, "parent");
    require(parts[0].getHeaderOffset() == 0, "offset");
    require(parts[0].getBodyEnd() == message.size(), "end");
    std::map<std::int32_t, std::pair<unsigned, std::uint64_t>> last;  // number and end
    for (unsigned i = 0; i < parts.size(); ++i) {
        const auto part = parts[i];
        require(part.getHeaderOffset() <= part.getBodyOffset(), "header", i);
        require(part.getBodyOffset() <= part.getBodyEnd(), "body", i);
        require(part.getBodyEnd() <= message.size(), "end", i);
        const std::string_view body =
            message.substr(part.getBodyOffset(), part.getBodyEnd() - part.getBodyOffset());
        require(part.getLines() == std::count(body.begin(), body.end(), '\n'), "lines", i);
        if (i == 0) continue;
        require(part.getParent() >= 0 && part.getParent() < static_cast<int>(i), "parent", i);
        const auto parent = parts[static_cast<unsigned>(part.getParent())];
        require(parent.getKind() != summary::Kind::LEAF, "parent's kind", i);
        require(part.getHeaderOffset() >= parent.getBodyOffset(), "begin", i);
        require(part.getBodyEnd() <= parent.getBodyEnd(), "nesting", i);
        auto& [number, end] = last[part.getParent()];
        require(part.getNumber() == number + 1, "number", i);
        require(part.getHeaderOffset() >= end, "order", i);
        number = part.getNumber();
        end = part.getBodyEnd();
    }
    for (unsigned i = 0; i < parts.size(); ++i) {
        const bool hasParts = last.contains(static_cast<std::int32_t>(i));
        require(hasParts == (parts[i].getKind() != summary::Kind::LEAF), "kind", i);
    }
}

void checkNodes(const Parts& parts, const std::vector<BodyNode>& nodes) {
    require(nodes.size() == parts.size(), "number in the description");
    for (unsigned i = 0; i < parts.size(); ++i) {
        const auto part = parts[i];
        const BodyNode& node = nodes[i];
        require(static_cast<int>(node.kind) == static_cast<int>(part.getKind()), "kind", i);
        if (node.kind == BodyNode::Kind::Multipart) continue;
        require(node.octets == part.getBodyEnd() - part.getBodyOffset(), "octets", i);
        require(node.lines < 0 || node.lines == part.getLines(), "number of lines", i);
    }
}

// The section number of each part, by RFC 9051 §6.4.5.1, must lead to it.
void checkSections(summary::Summary::Reader root) {
    const Parts parts = root.getParts();
    std::vector<std::vector<std::uint32_t>> paths(parts.size());
    const unsigned checked = std::min(parts.size(), 500U);
    for (unsigned i = 0; i < checked; ++i) {
        const bool isMessage =
            i == 0 ||
            parts[static_cast<unsigned>(parts[i].getParent())].getKind() == summary::Kind::MESSAGE;
        if (i > 0) paths[i] = paths[static_cast<unsigned>(parts[i].getParent())];
        if (!isMessage) paths[i].push_back(parts[i].getNumber());
        // A message that is no multipart is its own part 1.
        if (isMessage && parts[i].getKind() != summary::Kind::MULTIPART) paths[i].push_back(1);
        if (isMessage && parts[i].getKind() == summary::Kind::MULTIPART) continue;
        const auto extent = mime::extentOf(root, {.path = paths[i]});
        require(extent.has_value(), "section", i);
        require(extent->begin == parts[i].getBodyOffset(), "section's begin", i);
        require(extent->end == parts[i].getBodyEnd(), "section's end", i);
    }
}

}  // namespace

void checkSummary(std::string_view message) {
    SummaryOf summary(message);
    const auto root = summary.root();
    checkTexts(root);
    checkTree(message, root.getParts());
    readEnvelope(summary.envelope());
    checkNodes(root.getParts(), readBody(summary.body(), BodyForm::Plain));
    checkNodes(root.getParts(), readBody(summary.bodyStructure(), BodyForm::Extended));
    checkSections(root);
    require(mime::headerOf(message).size() == root.getParts()[0].getBodyOffset(), "header's size");
}

}  // namespace daybook::test
