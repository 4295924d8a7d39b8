// append_work.h
//
// The messages of one APPEND or REPLACE while they arrive, one after the other in one spool, and
// what of other messages was read for them. Nothing is in a mailbox before the last one is whole
// (RFC 3502 §6.3.11). Throws No. Lives as long as its command. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/delivery/reception.h"
#include "engine/scribe/access_record.h"
#include "protocols/imap/append_parser.h"
#include "protocols/imap/mailbox_target.h"

namespace daybook::imap {

struct AppendWork {
    AppendWork(
        AppendParser::Messages messages,
        const Dialect& clientDialect,
        std::filesystem::path spoolFolder,
        std::uint64_t messageOctetsLimit)
        : parser(messages, clientDialect),
          spool(std::move(spoolFolder)),
          messageOctetsMax(messageOctetsLimit) {}

    // A message begins; the one before it is whole.
    void begin(const AppendStep& step);
    // The last message is whole. Throws No when it cannot be taken.
    void end();
    // So many octets are about to come. Throws No when that is too much.
    void expect(std::uint64_t octets);
    // Never throws, so that what comes can be read to its end; see check().
    void take(std::string_view octets, bool mayHoldNul);
    // Throws Bad or No for what take() met.
    void check() const;

    AppendParser parser;
    Reception::Appending appending{};
    Spool spool;
    // By mailbox: windows that CATENATE opened.
    std::map<MailboxId, std::unique_ptr<AccessRecord>> windows{};

private:
    std::uint64_t messageOctetsMax;
    bool isOpen_ = false;
    bool hasStrayNul_ = false;
    bool diskFailed_ = false;
};

}  // namespace daybook::imap
