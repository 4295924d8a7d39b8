// What concerns the connection more than the mail: COMPRESS and UNAUTHENTICATE.

#include "protocols/imap/session.h"

namespace daybook::imap {

// COMPRESS. RFC 4978 §3. It begins behind the tagged OK.
Task<Reply> Session::compress(Arguments& arguments) {
    // compress = "COMPRESS" SP "DEFLATE"
    arguments.space();
    const std::string algorithm = arguments.word();
    arguments.end();
    if (algorithm != "DEFLATE") throw Bad("Only DEFLATE is there");
    if (connection_.isCompressed()) {
        co_return no("COMPRESSIONACTIVE", "DEFLATE is active already");
    }
    co_return Reply{.text = "DEFLATE from here on", .then = Then::Compress};
}

// UNAUTHENTICATE. RFC 8437 §3. What the user had is forgotten behind the tagged OK.
Task<Reply> Session::unauthenticate(Arguments& arguments) {
    arguments.end();
    leaveMailbox();
    co_return Reply{.text = "You are a stranger again", .then = Then::Unauthenticate};
}

// RFC 8437 §4.1: of what was enabled nothing remains, nor does compression. The record of this
// session ends here, and what follows is another.
Task<void> Session::forgetUser() {
    if (connection_.isCompressed()) co_await connection_.stopCompression();
    watched_.reset();
    newMessages_ = {};
    accountWatch_ = {};
    news_.take();
    dialect_ = {};
    keywordNames_.clear();
    errors_ = 0;
    started_ = std::chrono::steady_clock::now();
    session_.closeLogin(services_.random, octetsIn(), octetsOut());
    octetsInBefore_ = connection_.octetsIn();
    octetsOutBefore_ = connection_.octetsOut();
}

std::uint64_t Session::octetsIn() const { return connection_.octetsIn() - octetsInBefore_; }

std::uint64_t Session::octetsOut() const { return connection_.octetsOut() - octetsOutBefore_; }

}  // namespace daybook::imap
