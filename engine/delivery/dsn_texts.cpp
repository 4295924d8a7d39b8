#include "engine/delivery/dsn_texts.h"

#include "journal/base/ascii.h"

namespace daybook {

std::optional<ReportLanguage> reportLanguage(std::string_view tag) {
    const std::string_view language = tag.substr(0, tag.find('-'));
    if (equalsIgnoreCase(language, kEnglishDsnTexts.tag)) return ReportLanguage::English;
    if (equalsIgnoreCase(language, kGermanDsnTexts.tag)) return ReportLanguage::German;
    return std::nullopt;
}

const DsnTexts& dsnTexts(ReportLanguage language) {
    switch (language) {
        case ReportLanguage::English: return kEnglishDsnTexts;
        case ReportLanguage::German: return kGermanDsnTexts;
    }
    return kEnglishDsnTexts;
}

StatusText statusText(const DsnTexts& texts, std::uint32_t enhancedCode) {
    const auto subject = static_cast<std::uint8_t>(enhancedCode >> 8U);
    const auto detail = static_cast<std::uint8_t>(enhancedCode);
    StatusText result = texts.statuses.front();
    for (const StatusText& each : texts.statuses) {
        if (each.subject != subject) continue;
        if (each.detail == 0) result = each;
        if (each.detail != detail) continue;
        result.why = each.why;
        if (*each.advice != '\0') result.advice = each.advice;
    }
    return result;
}

}  // namespace daybook
