#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

// STARTTLS. RFC 3207 §4. Nothing from before it survives: not the greeting (§4.2), not a
// transaction, and no octet that came in the clear behind the command.
Task<Reply> Dialogue::startTls(std::string_view) {
    if (connection_.isTls()) co_return reply(503, "5.5.1", "TLS is on already");
    if (services_.tls == nullptr) co_return reply(502, "5.5.1", "TLS is not offered here");
    pending_ += reply(220, "2.0.0", "Go ahead").octets();
    co_await flush();
    co_await connection_.startTls(*services_.tls);
    const TlsInfo tls = connection_.tlsInfo();
    SessionFacts facts = record_.facts();
    facts.tls = {.version = tls.version, .cipher = tls.cipher};
    forget(std::move(facts));
    co_return Reply{};  // the client speaks next
}

}  // namespace daybook::smtp
