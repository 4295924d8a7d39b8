// header_fields.h
//
// Finding header fields in a message's octets, and the ones that we write: Received, Return-Path,
// Delivered-To, Date, Message-ID. Pure but for the values handed in; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/clock.h"
#include "journal/base/ids.h"

namespace daybook::mime {

struct HeaderField {
    std::string_view name;    // as written, without the colon
    std::string_view value;   // raw: after the colon, folds and line end included
    std::string_view octets;  // the whole field
};

// Walks a header field by field and stores nothing: what large messages are scanned with.
// Lives until the header's octets go.
class HeaderFieldCursor {
public:
    explicit HeaderFieldCursor(std::string_view header) : rest_(header) {}

    // False at the end, or after limits::kMimeHeaderFieldsMax fields.
    bool next(HeaderField& field);

private:
    std::string_view rest_;
    std::size_t count_ = 0;
};

// RFC 5322 §2.2.3: line ends taken out, a bare one inside becomes a blank; trimmed.
std::string unfolded(std::string_view value);

// The octets up to and with the empty line that ends the header (all, if there is none).
std::string_view headerOf(std::string_view message);
// In order; lines that are no field are left out. At most limits::kMimeHeaderFieldsMax.
std::vector<HeaderField> headerFields(std::string_view header);
// The first field of that name, any case; unfolded and trimmed. Nothing: not there.
std::optional<std::string> headerField(std::string_view header, std::string_view name);
std::size_t countHeaderFields(std::string_view header, std::string_view name);

// RFC 5322 §3.3: "Tue, 24 Nov 2026 01:37:58 +0000".
std::string dateText(TimeNs timeNs);
// RFC 9051 §9 date-time as INTERNALDATE has it: "24-Nov-2026 01:37:58 +0000", in the zone given.
std::string internalDateText(TimeNs timeNs, std::int16_t zoneMinutes);

struct TraceInfo {
    std::string helo;        // as the client said it
    std::string ip;          // "192.0.2.1", "2001:db8::1" or "unix"
    std::string by;          // our host name
    std::string with;        // RFC 3848 and 6531: "ESMTPSA", "LMTP", "UTF8SMTPS" ...
    std::string tls;         // "TLSv1.3 TLS_AES_256_GCM_SHA384"; empty: none
    std::string forAddress;  // empty when there are several recipients (they stay secret)
    MessageId message;       // the id clause
    TimeNs timeNs = 0;
};

// RFC 5321 §4.4: one folded Received field, with CRLF. What the peer said is made harmless.
std::string receivedField(const TraceInfo& trace);
// "Return-Path: <...>" CRLF "Delivered-To: ..." CRLF.
std::string deliveryFields(std::string_view reversePath, std::string_view deliveredTo);

}  // namespace daybook::mime
