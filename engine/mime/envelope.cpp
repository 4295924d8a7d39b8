#include "engine/mime/envelope.h"

#include <array>
#include <optional>
#include <vector>

#include "engine/mime/address_list.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/imap_string.h"
#include "journal/base/ascii.h"
#include "journal/base/limits.h"

namespace daybook::mime {

namespace {

using Addresses = std::vector<ListedAddress>;

struct EnvelopeFields {
    std::optional<std::string> date;
    std::optional<std::string> subject;
    std::optional<std::string> inReplyTo;
    std::optional<std::string> messageId;
    Addresses from;
    Addresses sender;
    Addresses replyTo;
    Addresses to;
    Addresses cc;
    Addresses bcc;
};

struct TextField {
    std::string_view name;
    std::optional<std::string> EnvelopeFields::* member;
};

struct AddressField {
    std::string_view name;
    Addresses EnvelopeFields::* member;
};

constexpr std::array<TextField, 4> kTextFields{{
    {.name = "Date", .member = &EnvelopeFields::date},
    {.name = "Subject", .member = &EnvelopeFields::subject},
    {.name = "In-Reply-To", .member = &EnvelopeFields::inReplyTo},
    {.name = "Message-ID", .member = &EnvelopeFields::messageId},
}};

constexpr std::array<AddressField, 6> kAddressFields{{
    {.name = "From", .member = &EnvelopeFields::from},
    {.name = "Sender", .member = &EnvelopeFields::sender},
    {.name = "Reply-To", .member = &EnvelopeFields::replyTo},
    {.name = "To", .member = &EnvelopeFields::to},
    {.name = "Cc", .member = &EnvelopeFields::cc},
    {.name = "Bcc", .member = &EnvelopeFields::bcc},
}};

void takeField(EnvelopeFields& fields, const HeaderField& field) {
    const std::string_view value = field.value.substr(0, limits::kMimeFieldOctetsMax);
    for (const TextField& known : kTextFields) {
        if (!equalsIgnoreCase(field.name, known.name)) continue;
        if (!(fields.*known.member)) fields.*known.member = unfolded(value);
        return;
    }
    for (const AddressField& known : kAddressFields) {
        if (!equalsIgnoreCase(field.name, known.name)) continue;
        Addresses& list = fields.*known.member;
        if (list.size() >= limits::kMimeAddressesMax) return;
        for (ListedAddress& address : parseAddressList(value)) {
            list.push_back(std::move(address));
        }
        return;
    }
}

// address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
void appendAddress(std::string& out, const ListedAddress& address) {
    out += '(';
    appendNstring(out, address.name);
    out += ' ';
    appendNstring(out, address.route);
    out += ' ';
    switch (address.kind) {
        case ListedAddress::Kind::GroupEnd: out += "NIL NIL"; break;
        case ListedAddress::Kind::GroupStart:
            appendString(out, address.mailbox);
            out += " NIL";
            break;
        case ListedAddress::Kind::Mailbox:
            appendString(out, address.mailbox);
            out += ' ';
            appendString(out, address.host);
            break;
    }
    out += ')';
}

// env-from = "(" 1*address ")" / nil
void appendAddresses(std::string& out, const Addresses& addresses) {
    out += ' ';
    if (addresses.empty()) return appendNil(out);
    out += '(';
    for (const ListedAddress& address : addresses) {
        appendAddress(out, address);
    }
    out += ')';
}

}  // namespace

void appendEnvelope(std::string& out, std::string_view header) {
    EnvelopeFields fields;
    HeaderFieldCursor cursor(header);
    HeaderField field;
    while (cursor.next(field)) {
        takeField(fields, field);
    }
    out += '(';
    appendNstring(out, fields.date);
    out += ' ';
    appendNstring(out, fields.subject);
    appendAddresses(out, fields.from);
    appendAddresses(out, fields.sender.empty() ? fields.from : fields.sender);
    appendAddresses(out, fields.replyTo.empty() ? fields.from : fields.replyTo);
    appendAddresses(out, fields.to);
    appendAddresses(out, fields.cc);
    appendAddresses(out, fields.bcc);
    out += ' ';
    appendNstring(out, fields.inReplyTo);
    out += ' ';
    appendNstring(out, fields.messageId);
    out += ')';
}

}  // namespace daybook::mime
