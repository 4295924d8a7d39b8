// dsn_texts.h
//
// The words for people in a delivery status notification, one table per language. Another language
// is another table: dsn_texts_LANGUAGE.cpp, a word in ReportLanguage, a line in dsnTexts(). Texts
// are UTF-8. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace daybook {

enum class ReportLanguage : std::uint8_t { English, German };

// By RFC 5646 tag, of which the language alone counts: "en", "de-AT". Nothing: not spoken.
std::optional<ReportLanguage> reportLanguage(std::string_view tag);

// Of an enhanced status code (RFC 3463 §3), whatever its class.
struct StatusText {
    std::uint8_t subject = 0;
    std::uint8_t detail = 0;
    const char* why = "";
    const char* advice = "";  // empty: the subject's own
};

// Of one action.
struct ActionTexts {
    const char* subject = "";  // of the report, if no recipient fares worse
    const char* opening = "";  // the first sentence after the greeting
    const char* heading = "";  // above the recipients
};

struct DsnTexts {
    const char* tag = "";       // for Content-Language
    const char* greeting = "";  // {}: our host name
    ActionTexts failed;
    ActionTexts delayed;
    ActionTexts delivered;
    ActionTexts relayed;
    ActionTexts expanded;
    // Labels, followed by a colon.
    const char* subjectLabel = "";
    const char* dateLabel = "";
    const char* toLabel = "";
    const char* idLabel = "";
    const char* wayLabel = "";     // the address that the sender gave
    const char* adviceLabel = "";  // what to do
    const char* remoteSaid = "";   // {}: the remote's name
    const char* weSaid = "";       // where no remote was involved
    const char* gaveUp = "";       // failed for a temporary reason
    const char* retries = "";      // delayed; {}: a date
    const char* retriesOn = "";    // delayed; no date is known
    const char* relayedNote = "";  // why this is the last that is heard
    const char* expandedNote = "";
    const char* returned = "";             // the message is attached
    const char* headerReturned = "";       // its header is
    const char* idNote = "";               // {}: the journal id
    std::span<const StatusText> statuses;  // detail 0 first of its subject; 0.0 is the first
};

const DsnTexts& dsnTexts(ReportLanguage language);

// The text of exactly this code, or of its subject, or of none known. Never fails.
StatusText statusText(const DsnTexts& texts, std::uint32_t enhancedCode);

// One each in its file.
extern const DsnTexts kEnglishDsnTexts;
extern const DsnTexts kGermanDsnTexts;

}  // namespace daybook
