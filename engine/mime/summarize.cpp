#include "engine/mime/summarize.h"

#include <algorithm>
#include <capnp/message.h>
#include <unordered_set>
#include <vector>

#include "engine/mime/body_structure.h"
#include "engine/mime/decoding.h"
#include "engine/mime/envelope.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/structure.h"
#include "engine/mime/thread_keys.h"
#include "journal/base/ascii.h"
#include "journal/base/assert.h"
#include "journal/base/limits.h"
#include "journal/record.h"
#include "journal/schema/summary.capnp.h"

namespace daybook::mime {

namespace {

constexpr std::uint16_t kVersion = 2;

struct ThreadFields {
    std::string date;
    std::string subject;
    std::string messageId;
    std::string references;
    std::string inReplyTo;
};

ThreadFields threadFields(std::string_view header) {
    ThreadFields result;
    HeaderFieldCursor cursor(header);
    HeaderField field;
    const auto take = [&field](std::string& text, std::string_view name) {
        if (!text.empty() || !equalsIgnoreCase(field.name, name)) return;
        text = unfolded(field.value.substr(0, limits::kMimeFieldOctetsMax));
    };
    while (cursor.next(field)) {
        take(result.date, "Date");
        take(result.subject, "Subject");
        take(result.messageId, "Message-ID");
        take(result.references, "References");
        take(result.inReplyTo, "In-Reply-To");
    }
    return result;
}

// msg-id = [CFWS] "<" id-left "@" id-right ">" [CFWS]; whatever stands between the brackets counts.
void collectIds(std::string_view text, std::vector<std::string>& ids) {
    std::size_t begin = text.find('<');
    while (begin != std::string_view::npos) {
        const std::size_t end = text.find('>', begin);
        if (end == std::string_view::npos) return;
        ids.push_back(cleanText(text.substr(begin, end - begin + 1)));
        begin = text.find('<', end);
    }
}

std::string firstId(std::string_view text) {
    const std::size_t begin = text.find('<');
    if (begin == std::string_view::npos) return {};
    const std::size_t end = text.find('>', begin);
    if (end == std::string_view::npos) return {};
    return cleanText(text.substr(begin, end - begin + 1));
}

// Oldest first, each once. Of more than the limit the youngest stay: they are the nearest parents.
std::vector<std::string> referencesOf(const ThreadFields& fields) {
    std::vector<std::string> found;
    collectIds(fields.references, found);
    collectIds(fields.inReplyTo, found);
    std::unordered_set<std::string> seen;
    std::vector<std::string> ids;
    for (std::string& id : found) {
        if (seen.insert(id).second) ids.push_back(std::move(id));
    }
    if (ids.size() > limits::kMimeReferencesMax) {
        ids.erase(ids.begin(), ids.end() - limits::kMimeReferencesMax);
    }
    return ids;
}

summary::Kind kindOf(PartKind kind) {
    switch (kind) {
        case PartKind::Leaf: return summary::Kind::LEAF;
        case PartKind::Multipart: return summary::Kind::MULTIPART;
        case PartKind::Message: return summary::Kind::MESSAGE;
    }
    return summary::Kind::LEAF;
}

void fillParts(summary::Summary::Builder root, const std::vector<StructurePart>& parts) {
    auto list = root.initParts(static_cast<unsigned>(parts.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
        auto target = list[i];
        const StructurePart& part = parts[i];
        target.setParent(part.parent);
        target.setKind(kindOf(part.kind));
        target.setNumber(part.number);
        target.setHeaderOffset(part.headerOffset);
        target.setBodyOffset(part.bodyOffset);
        target.setBodyEnd(part.bodyEnd);
        target.setLines(part.lines);
    }
}

void fillKeys(summary::Summary::Builder root, const std::vector<std::string>& references) {
    const kj::StringPtr messageId = root.getMessageId();
    const kj::StringPtr subject = root.getSubject();
    const std::vector<std::uint64_t> keys =
        threadKeys({messageId.begin(), messageId.size()}, references);
    auto list = root.initThreadKeys(static_cast<unsigned>(keys.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
        list.set(i, keys[i]);
    }
    root.setSubjectKey(subjectKey({subject.begin(), subject.size()}));
}

void fillThread(summary::Summary::Builder root, const ThreadFields& fields) {
    if (const auto date = parseDate(fields.date)) {
        root.setSentNs(date->ns);
        root.setSentZoneMinutes(date->zoneMinutes);
    }
    root.setMessageId(firstId(fields.messageId).c_str());
    root.setSubject(decodeHeaderText(fields.subject).c_str());
    const std::vector<std::string> ids = referencesOf(fields);
    auto list = root.initReferences(static_cast<unsigned>(ids.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
        list.set(i, ids[i].c_str());
    }
    fillKeys(root, ids);
}

capnp::Data::Reader asData(const std::string& octets) {
    return {reinterpret_cast<const capnp::byte*>(octets.data()), octets.size()};
}

}  // namespace

std::string summarize(std::string_view message) {
    std::vector<StructurePart> parts = scanStructure(message);
    std::optional<BodyTexts> texts = describeBody(message, parts);
    if (!texts) {
        parts = plainStructure(message);
        texts = describeBody(message, parts);
        // A leaf's few fields are bounded by kMimeFieldOctetsMax each.
        DAYBOOK_ASSERT(texts.has_value());
    }
    const std::string_view header = message.substr(0, parts.front().bodyOffset);
    std::string envelope;
    appendEnvelope(envelope, header);

    capnp::MallocMessageBuilder builder;
    auto root = builder.initRoot<summary::Summary>();
    root.setVersion(kVersion);
    root.setEnvelope(asData(envelope));
    root.setBody(asData(texts->body));
    root.setBodyStructure(asData(texts->bodyStructure));
    fillParts(root, parts);
    fillThread(root, threadFields(header));
    return canonicalOctets<summary::Summary>(root.asReader());
}

}  // namespace daybook::mime
