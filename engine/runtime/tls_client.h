// tls_client.h
//
// What a client asks of a server's TLS, and what came of it: nothing (opportunistic), a certificate
// that public roots vouch for and that bears one of the names (MTA-STS, smart hosts), or one that
// TLSA records vouch for (DANE, RFC 7672). TLS 1.2 and 1.3. Values, and the context, which any
// thread may use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct ssl_st;

namespace daybook {

// RFC 6698 §2.1
struct TlsaRecord {
    std::uint8_t usage = 0;
    std::uint8_t selector = 0;
    std::uint8_t matching = 0;
    std::string data;  // octets
};

enum class TlsCheck : std::uint8_t {
    None,   // encrypt, with whomever
    Names,  // PKIX, and one of `names`
    Dane,   // one of `tlsa`; usage 2 also needs one of `names` (RFC 7672 §3.1)
};

struct TlsDemand {
    TlsCheck check = TlsCheck::None;
    std::string serverName;          // SNI; also the DANE base domain
    std::vector<std::string> names;  // "mx.example.org", "*.example.org"
    // Usages 2 and 3 alone count. If none of them can be used, the connection is encrypted and
    // nobody is authenticated (RFC 7672 §2.2).
    std::vector<TlsaRecord> tlsa;
};

// Why a handshake, or the wish for one, failed: RFC 8460 §4.3 names the kinds.
enum class TlsFault : std::uint8_t {
    None,
    NotOffered,         // starttls-not-supported
    HandshakeFailed,    // validation-failure: protocol, cipher, broken off
    HostMismatch,       // certificate-host-mismatch
    Expired,            // certificate-expired
    NotTrusted,         // certificate-not-trusted
    ValidationFailure,  // validation-failure: anything else that is wrong with the chain
    TlsaMismatch,       // validation-failure for DANE: no record fits
};

// What Connection::startTlsClient() came to. With a fault the connection is of no more use.
struct TlsOutcome {
    TlsFault fault = TlsFault::None;
    bool verified = false;  // the demand's check was not None, and was met
    std::string why;        // of the fault, for the log and for reports; never for the peer
};

// The trust anchors and settings for connections that we open. Thread: any.
class TlsClientContext {
public:
    // `roots`: a PEM file of trust anchors; empty: the system's. Throws TlsFilesUnusable.
    explicit TlsClientContext(const std::filesystem::path& roots);
    ~TlsClientContext();

    // A fresh client-side SSL set up for the demand; the caller frees it. Throws
    // std::invalid_argument for a demand of Names without any, or of Dane without serverName.
    ssl_st* makeClientSsl(const TlsDemand& demand) const;

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

// What an SSL of makeClientSsl() made of the peer's certificate, after its handshake (`done`), or
// after it failed for the reason that `why` gives.
enum class Handshake : std::uint8_t { Done, Failed };
TlsOutcome tlsOutcomeOf(ssl_st* ssl, Handshake handshake, std::string why);

}  // namespace daybook
