// limits.h
//
// Every limit that is not a setting, with its reason. What an operator may want to change is in
// engine/config; what only protects the server is here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace daybook::limits {

// RFC 5321 §4.5.3.1.4 asks for 512 octets; parameters of extensions need more, AUTH 12,288
// (RFC 4954 §4).
inline constexpr std::size_t kSmtpCommandOctetsMax = 12'288;
// RFC 5322 §2.1.1 says 998; what is longer is stored as it came, never split, but a "line" of
// megabytes without an end is held back by the message limit alone.
inline constexpr std::size_t kSmtpErrorsMax = 20;           // then 421; a human never gets there
inline constexpr std::size_t kSmtpReceivedFieldsMax = 100;  // RFC 5321 §6.3
// RFC 2852 §3: a delivery with less time than this to go is not promised.
inline constexpr std::chrono::seconds kDeliverByMin{60};
// RFC 4865 §3: how far ahead a message may be dated.
inline constexpr std::chrono::seconds kFutureReleaseMax{90 * 24 * 3'600};
// RFC 7162 §4 recommends that servers take lines of at least 8,192 octets; UID lists are long.
inline constexpr std::size_t kImapLineOctetsMax = 65'536;
inline constexpr std::size_t kImapLiteralOctetsMax = 65'536;  // outside APPEND
inline constexpr std::size_t kImapLiteralsPerCommandMax = 64;
// MULTIAPPEND and CATENATE: what one APPEND may be made of.
inline constexpr std::size_t kImapAppendMessagesMax = 500;
inline constexpr std::size_t kImapAppendPartsMax = 2'000;
inline constexpr std::uint64_t kImapAppendOctetsMax = std::uint64_t{1} << 30U;
// A literal that nobody wants is skipped up to this; above it the connection is closed.
inline constexpr std::size_t kImapSkippedOctetsMax = 256U << 20U;
inline constexpr std::size_t kImapErrorsMax = 50;
// Before login a stranger gets little.
inline constexpr std::size_t kImapErrorsBeforeLoginMax = 10;
inline constexpr std::size_t kPop3LineOctetsMax = 512;  // RFC 2449 §4: 255; AUTH is longer
inline constexpr std::size_t kPop3SaslLineOctetsMax = 12'288;
inline constexpr std::size_t kMailboxNameOctetsMax = 1'000;
inline constexpr std::size_t kMailboxDepthMax = 32;
inline constexpr std::size_t kMailboxesPerAccountMax = 10'000;
inline constexpr std::size_t kKeywordsPerAccountMax = 1'000;
inline constexpr std::size_t kKeywordOctetsMax = 128;
// RFC 5464 §4.1: at least 1,024 octets must be taken; what comes in a literal outside APPEND fits.
inline constexpr std::size_t kAnnotationOctetsMax = 32'768;
inline constexpr std::size_t kAnnotationNameOctetsMax = 500;
// Of one mailbox and one user, and shared ones of it.
inline constexpr std::size_t kAnnotationsMax = 100;
// The scanner stops to look for structure there and takes the rest as text (LIBRARIES D).
inline constexpr std::size_t kMimeDepthMax = 64;
inline constexpr std::size_t kMimePartsMax = 10'000;
inline constexpr std::size_t kMimeHeaderFieldsMax = 10'000;
// What a summary takes of one field; the field itself is served whole.
inline constexpr std::size_t kMimeFieldOctetsMax = 1U << 20U;
inline constexpr std::size_t kMimeReferencesMax = 1'000;
// Each is a row of a view: the parent is enough, unless it comes late or never.
inline constexpr std::size_t kThreadReferencesMax = 6;
inline constexpr std::size_t kMimeAddressesMax = 10'000;  // of one ENVELOPE member
// A message whose description would be longer is described as plain text.
inline constexpr std::size_t kMimeBodyTextOctetsMax = 16U << 20U;
// Above this a message waits on disk while it arrives, not in memory.
inline constexpr std::size_t kSpoolMemoryOctets = 1U << 20U;
// One round of the scribe (DESIGN 3.3).
inline constexpr std::size_t kBatchCommandsMax = 512;
inline constexpr std::size_t kBatchOctetsMax = 8U << 20U;
// Events that nobody waits for ride with the next commit, at the latest after this.
inline constexpr std::chrono::milliseconds kRideAlongMax{1'000};
// RFC 5321 §4.5.3.2.7: the server waits at least 5 minutes for a command.
inline constexpr std::chrono::seconds kSmtpCommandTimeout{300};
inline constexpr std::chrono::seconds kSmtpDataTimeout{180};  // §4.5.3.2.5
inline constexpr std::chrono::seconds kImapLoginTimeout{60};
inline constexpr std::chrono::seconds kImapIdleTimeout{30 * 60 + 30};  // RFC 9051 §5.4
// Within a literal, since its last octets.
inline constexpr std::chrono::seconds kImapLiteralTimeout{180};
inline constexpr std::chrono::seconds kPop3Timeout{600};  // RFC 1939 §3
inline constexpr std::chrono::seconds kTlsHandshakeTimeout{30};
// A peer that does not take what it asked for is dropped after this.
inline constexpr std::chrono::seconds kWriteTimeout{120};

}  // namespace daybook::limits
