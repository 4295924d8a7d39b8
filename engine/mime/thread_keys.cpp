#include "engine/mime/thread_keys.h"

#include <algorithm>
#include <array>

#include "engine/mime/decoding.h"
#include "journal/base/ascii.h"
#include "journal/base/digest.h"
#include "journal/base/limits.h"

namespace daybook::mime {

namespace {

// What mail programs put before the subject that they answer or pass on, in several languages.
constexpr std::array<std::string_view, 14> kPrefixes{
    "re", "fwd", "fw", "aw", "wg", "sv", "vs", "antw", "odp", "rif", "tr", "rv", "enc", "res"};

std::uint64_t keyOf(std::string_view kind, std::string_view text) {
    Sha256 digest;
    const Hash256 hash = digest.add(kind).add(text).finish();
    std::uint64_t key = 0;
    for (std::size_t i = 0; i < sizeof key; ++i)
        key = key << 8U | static_cast<std::uint64_t>(hash[i]);
    return key == 0 ? 1 : key;
}

// "re:", "Re[2]:", "[list]" at the front of `text`, which holds no blanks. False: there is none.
bool takePrefix(std::string_view& text) {
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        // A subject may be nothing but "[...]": then that is what it is.
        if (end == std::string_view::npos || end + 1 == text.size()) return false;
        text.remove_prefix(end + 1);
        return true;
    }
    for (const std::string_view prefix : kPrefixes) {
        if (!text.starts_with(prefix)) continue;
        std::string_view rest = text.substr(prefix.size());
        if (rest.starts_with('[')) {
            const std::size_t end = rest.find(']');
            if (end == std::string_view::npos) return false;
            rest.remove_prefix(end + 1);
        }
        if (!rest.starts_with(':')) continue;
        text = rest.substr(1);
        return true;
    }
    return false;
}

}  // namespace

std::vector<std::uint64_t> threadKeys(
    std::string_view messageId, const std::vector<std::string>& references) {
    std::vector<std::uint64_t> keys;
    const auto add = [&keys](std::string_view id) {
        const std::uint64_t key = keyOf("id ", id);
        if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
    };
    if (!messageId.empty()) add(messageId);
    const std::size_t count = references.size();
    const std::size_t nearest = std::min(count, limits::kThreadReferencesMax);
    if (nearest < count) add(references.front());
    for (std::size_t i = count - nearest; i < count; ++i)
        add(references[i]);
    return keys;
}

std::uint64_t subjectKey(std::string_view subject) {
    std::string text = foldCase(subject);
    std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
    std::string_view base = text;
    while (takePrefix(base)) {
    }
    // RFC 5256 §2.1: "(fwd)" stands at the end.
    while (base.ends_with("(fwd)"))
        base.remove_suffix(5);
    return keyOf("subject ", base);
}

}  // namespace daybook::mime
