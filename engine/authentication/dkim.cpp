#include "engine/authentication/dkim.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <stdbool.h>
#include <stdexcept>

// The header is C's: it speaks of _Bool.
#define _Bool bool
#include <opendkim/dkim.h>
#undef _Bool

#include "engine/authentication/dkim_ed25519.h"
#include "engine/mime/address_list.h"
#include "engine/mime/header_fields.h"
#include "journal/base/ascii.h"
#include "journal/base/freed.h"

namespace daybook {

namespace {

// A signed field that occurs is signed as often as it occurs. RFC 6376 §5.4.1, and Message-ID.
constexpr std::array kSignedFields{
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Reply-To",
    "In-Reply-To",
    "References",
    "List-Id",
    "List-Help",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Subscribe",
    "List-Post",
    "List-Owner",
    "List-Archive",
};

// Lists put their own on top of what they pass on: who forbids it loses the signature there.
bool mayBeAdded(std::string_view name) { return name.starts_with("List-"); }

using Library = std::unique_ptr<DKIM_LIB, Freed<&::dkim_close>>;
using Handle = std::unique_ptr<DKIM, Freed<&::dkim_free>>;

// libopendkim takes what it only reads as unsigned and not const.
unsigned char* octetsOf(std::string_view text) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
}

std::string said(const unsigned char* text) {
    return text == nullptr ? std::string() : reinterpret_cast<const char*>(text);
}

std::unexpected<Refusal> no(std::string why) {
    return refuse(RefusalReason::InvalidArgument, std::move(why));
}

std::unexpected<Refusal> no(DKIM* handle, DKIM_STAT status) {
    const char* const detail = handle == nullptr ? nullptr : ::dkim_geterror(handle);
    return no(fmt::format(
        "DKIM: {}{}{}",
        ::dkim_getresultstr(status),
        detail == nullptr ? "" : ": ",
        detail == nullptr ? "" : detail));
}

Library openLibrary() {
    Library library(::dkim_init(nullptr, nullptr));
    if (!library) throw std::bad_alloc();
    return library;
}

void setOption(DKIM_LIB* library, dkim_opts_t option, void* value, std::size_t octets) {
    const DKIM_STAT status = ::dkim_options(library, DKIM_OP_SETOPT, option, value, octets);
    if (status == DKIM_STAT_OK) return;
    throw std::runtime_error(
        fmt::format("libopendkim: option {}: {}", option, ::dkim_getresultstr(status)));
}

// A message as libopendkim wants it.
struct Divided {
    std::vector<mime::HeaderField> fields;
    std::vector<std::string_view> body;
};

// The octets of a field without the line end that closes it.
std::string_view withoutLineEnd(std::string_view octets) {
    if (octets.ends_with('\n')) octets.remove_suffix(1);
    if (octets.ends_with('\r')) octets.remove_suffix(1);
    return octets;
}

// RFC 6376 §3.8: a signature over a header that others read in another way is worth nothing. A line
// that is no field ends the header for some of them.
std::optional<std::string> divideHeader(std::string_view header, Divided& divided) {
    std::size_t read = 0;
    mime::HeaderField field;
    mime::HeaderFieldCursor cursor(header);
    while (cursor.next(field)) {
        const auto begin = static_cast<std::size_t>(field.octets.data() - header.data());
        if (begin != read) break;
        read = begin + field.octets.size();
        divided.fields.push_back(field);
    }
    const std::string_view rest = header.substr(read);
    if (rest.empty() || rest == "\r\n") return std::nullopt;
    return fmt::format(
        "line {} of the header is no header field",
        1 + std::ranges::count(header.substr(0, read), '\n'));
}

Outcome<Divided> divide(std::span<const std::string_view> pieces) {
    Divided divided;
    bool inHeader = true;
    for (const std::string_view piece : pieces) {
        std::size_t headerOctets = 0;
        if (inHeader) {
            const std::string_view header = mime::headerOf(piece);
            if (header.find('\0') != std::string_view::npos) return no("a NUL in the header");
            if (auto why = divideHeader(header, divided)) return no(std::move(*why));
            inHeader = header != "\r\n" && !header.ends_with("\r\n\r\n");
            headerOctets = header.size();
        }
        if (headerOctets < piece.size()) divided.body.push_back(piece.substr(headerOctets));
    }
    return divided;
}

std::size_t countOf(const Divided& message, std::string_view name) {
    return static_cast<std::size_t>(std::ranges::count_if(
        message.fields,
        [name](const mime::HeaderField& field) { return equalsIgnoreCase(field.name, name); }));
}

// What is asked of the library for one message. The lists end with nullptr.
struct SignedNames {
    std::vector<const char*> names;
    std::vector<const char*> onceMore;
};

SignedNames namesFor(const Divided& message) {
    SignedNames chosen;
    for (const char* const name : kSignedFields) {
        if (countOf(message, name) == 0) continue;
        chosen.names.push_back(name);
        if (!mayBeAdded(name)) chosen.onceMore.push_back(name);
    }
    chosen.names.push_back(nullptr);
    chosen.onceMore.push_back(nullptr);
    return chosen;
}

// Which fields are signed once more is an option of the whole library, and what is right depends on
// the message: so each message has a library of its own. Opening one takes microseconds.
Library libraryFor(const Divided& message, TimeNs now) {
    Library library = openLibrary();
    SignedNames chosen = namesFor(message);
    setOption(library.get(), DKIM_OPTS_SIGNHDRS, chosen.names.data(), sizeof(const char**));
    setOption(library.get(), DKIM_OPTS_OVERSIGNHDRS, chosen.onceMore.data(), sizeof(const char**));
    auto seconds = static_cast<std::uint64_t>(now / kSecondNs);
    setOption(library.get(), DKIM_OPTS_FIXEDTIME, &seconds, sizeof seconds);
    return library;
}

// A signature is asked for with the signed fields alone: of others the library would still
// complain.
void keepSigned(Divided& message) {
    std::erase_if(message.fields, [](const mime::HeaderField& field) {
        return std::ranges::none_of(kSignedFields, [&field](std::string_view name) {
            return equalsIgnoreCase(field.name, name);
        });
    });
}

DKIM_STAT feed(DKIM* handle, const Divided& message) {
    for (const mime::HeaderField& field : message.fields) {
        const std::string_view octets = withoutLineEnd(field.octets);
        const DKIM_STAT status = ::dkim_header(handle, octetsOf(octets), octets.size());
        if (status != DKIM_STAT_OK) return status;
    }
    const DKIM_STAT ended = ::dkim_eoh(handle);
    if (ended != DKIM_STAT_OK) return ended;
    for (const std::string_view piece : message.body) {
        const DKIM_STAT status = ::dkim_body(handle, octetsOf(piece), piece.size());
        if (status != DKIM_STAT_OK) return status;
    }
    // RFC 6376 §3.4.4: the last line counts as ended, as it will be when the message is sent.
    if (!message.body.empty() && !message.body.back().ends_with('\n')) {
        const DKIM_STAT status = ::dkim_body(handle, octetsOf("\r\n"), 2);
        if (status != DKIM_STAT_OK) return status;
    }
    return ::dkim_eom(handle, nullptr);
}

// See dkim_ed25519.h for why not by the library.
Outcome<std::string> signWithEd25519(const DkimKey& key, const Divided& message, TimeNs now) {
    Ed25519Signing signing{
        .domain = key.domain,
        .selector = key.selector,
        .privateKey = key.privateKey,
        .seconds = static_cast<std::uint64_t>(now / kSecondNs),
        .body = message.body,
    };
    for (const mime::HeaderField& field : message.fields) {
        signing.names.push_back(field.name);
        signing.fields.push_back(withoutLineEnd(field.octets));
    }
    for (const char* const name : namesFor(message).onceMore) {
        if (name != nullptr) signing.names.emplace_back(name);
    }
    try {
        return ed25519Signature(signing);
    } catch (const std::runtime_error& unusable) {
        return no(unusable.what());
    }
}

Outcome<std::string> signWithRsa(DKIM_LIB* library, const DkimKey& key, const Divided& message) {
    DKIM_STAT status = DKIM_STAT_OK;
    const Handle handle(::dkim_sign(
        library,
        octetsOf("daybook"),
        nullptr,
        octetsOf(key.privateKey),
        octetsOf(key.selector),
        octetsOf(key.domain),
        DKIM_CANON_RELAXED,
        DKIM_CANON_RELAXED,
        DKIM_SIGN_RSASHA256,
        -1,
        &status));
    if (!handle) return no(nullptr, status);
    status = feed(handle.get(), message);
    if (status != DKIM_STAT_OK) return no(handle.get(), status);
    unsigned char* value = nullptr;
    std::size_t octets = 0;
    constexpr std::string_view kName = DKIM_SIGNHEADER ": ";
    status = ::dkim_getsighdr_d(handle.get(), kName.size(), &value, &octets);
    if (status != DKIM_STAT_OK) return no(handle.get(), status);
    return fmt::format(
        "{}{}\r\n", kName, std::string_view(reinterpret_cast<const char*>(value), octets));
}

std::string_view beginOf(const unsigned char* text) {
    return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

// libopendkim asks for a key. Nothing may be thrown through its frames.
DKIM_CBSTAT findRecord(
    DKIM* handle, DKIM_SIGINFO* signature, unsigned char* buffer, std::size_t octets) noexcept {
    const auto& lookup = *static_cast<const DkimRecordLookup*>(::dkim_get_user_context(handle));
    const std::optional<std::string> record = lookup(dkimRecordName(
        beginOf(::dkim_sig_getselector(signature)), beginOf(::dkim_sig_getdomain(signature))));
    if (!record) return DKIM_CBSTAT_NOTFOUND;
    if (record->size() >= octets) return DKIM_CBSTAT_ERROR;
    std::memcpy(buffer, record->c_str(), record->size() + 1);
    return DKIM_CBSTAT_CONTINUE;
}

std::vector<DkimVerdict> verdictsIn(DKIM* handle) {
    DKIM_SIGINFO** signatures = nullptr;
    int count = 0;
    std::vector<DkimVerdict> verdicts;
    if (::dkim_getsiglist(handle, &signatures, &count) != DKIM_STAT_OK) return verdicts;
    for (DKIM_SIGINFO* const signature :
         std::span(signatures, static_cast<std::size_t>(std::max(count, 0)))) {
        DkimVerdict verdict{
            .domain = said(::dkim_sig_getdomain(signature)),
            .selector = said(::dkim_sig_getselector(signature)),
            .algorithm = said(::dkim_sig_getalgorithm(signature)),
            .passed = DKIM_SIG_CHECK(signature),
        };
        if (!verdict.passed) {
            const bool bodyDiffers = ::dkim_sig_getbh(signature) == DKIM_SIGBH_MISMATCH;
            const char* const error = ::dkim_sig_geterrorstr(::dkim_sig_geterror(signature));
            verdict.why = bodyDiffers ? "body hash mismatch" : error == nullptr ? "" : error;
        }
        verdicts.push_back(std::move(verdict));
    }
    return verdicts;
}

// RFC 5322 §3.6.2, and RFC 6376 §6.1.1: one From field, and it names somebody. Nothing: it does.
std::optional<std::string> troubleWithFrom(const Divided& message) {
    std::size_t count = 0;
    bool hasAddress = false;
    for (const mime::HeaderField& field : message.fields) {
        if (!equalsIgnoreCase(field.name, "From")) continue;
        ++count;
        hasAddress = std::ranges::any_of(
            mime::parseAddressList(field.value), [](const mime::ListedAddress& address) {
            return address.kind == mime::ListedAddress::Kind::Mailbox && !address.host.empty();
        });
    }
    if (count == 0) return "there is no From field";
    if (count > 1) return fmt::format("there are {} From fields", count);
    if (!hasAddress) return "the From field has no address";
    return std::nullopt;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

Outcome<std::string> dkimSign(
    std::span<const DkimKey> keys, std::span<const std::string_view> pieces, TimeNs now) {
    Outcome<Divided> message = divide(pieces);
    if (!message) return std::unexpected(message.error());
    keepSigned(*message);
    if (auto why = troubleWithFrom(*message)) return no(std::move(*why));

    const Library library = libraryFor(*message, now);
    std::string fields;
    for (const DkimKey& key : keys) {
        // libopendkim would lose memory with it.
        if (!isDkimPrivateKey(key.privateKey, key.algorithm)) {
            return no(fmt::format("DKIM: the key {} of {} is damaged", key.selector, key.domain));
        }
        const Outcome<std::string> field = key.algorithm == DkimAlgorithm::ED25519_SHA256
                                               ? signWithEd25519(key, *message, now)
                                               : signWithRsa(library.get(), key, *message);
        if (!field) return field;
        fields += *field;
    }
    return fields;
}

Outcome<std::vector<DkimVerdict>> dkimVerify(
    std::span<const std::string_view> pieces, const DkimRecordLookup& lookup) {
    const Outcome<Divided> message = divide(pieces);
    if (!message) return std::unexpected(message.error());
    const Library library = openLibrary();
    ::dkim_set_key_lookup(library.get(), findRecord);
    DKIM_STAT status = DKIM_STAT_OK;
    const Handle handle(::dkim_verify(library.get(), octetsOf("daybook"), nullptr, &status));
    if (!handle) return no(nullptr, status);
    DkimRecordLookup ours = lookup;
    ::dkim_set_user_context(handle.get(), &ours);
    status = feed(handle.get(), *message);
    const bool hasNone = status == DKIM_STAT_NOSIG;
    if (hasNone) return std::vector<DkimVerdict>{};
    std::vector<DkimVerdict> verdicts = verdictsIn(handle.get());
    if (verdicts.empty() && status != DKIM_STAT_OK) return no(handle.get(), status);
    return verdicts;
}

std::optional<std::string> signingDomain(const SigningSituation& situation) {
    for (const std::string& domain : situation.fromDomains) {
        const bool speaksForIt =
            domain == situation.reversePathDomain || contains(situation.senderDomains, domain);
        if (speaksForIt && contains(situation.ourDomains, domain)) return domain;
    }
    if (contains(situation.ourDomains, situation.reversePathDomain)) {
        return situation.reversePathDomain;
    }
    return std::nullopt;
}

}  // namespace daybook
