#include "engine/runtime/tls_client.h"

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <array>
#include <new>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdexcept>

#include "engine/runtime/tls_context.h"

namespace daybook {

namespace {

// RFC 6698 §2.1.1
constexpr std::uint8_t kDaneTrustAnchor = 2;
constexpr std::uint8_t kDaneEndEntity = 3;

// Certificates that would do no better than none are no reason to send in the clear instead (RFC
// 7435 §3): old key sizes are taken where nobody is authenticated.
constexpr int kSecurityLevelUnverified = 1;

void require(bool done, const char* what) {
    if (done) return;
    ::ERR_clear_error();
    throw std::runtime_error(std::string("OpenSSL: ") + what);
}

Poco::Net::Context::Ptr makeContext(const std::filesystem::path& roots) {
    Poco::Net::Context::Params params;
    params.verificationMode = Poco::Net::Context::VERIFY_NONE;
    params.loadDefaultCAs = roots.empty();
    params.caLocation = roots.string();
    try {
        return {new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, params)};
    } catch (const Poco::Exception& failure) {
        throw TlsFilesUnusable(roots.string() + ": " + failure.displayText());
    }
}

// RFC 6125 §6.4.3: a wildcard is the whole of the left-most label, on either side. OpenSSL's word
// for "*.example.org" as the name that is looked for is ".example.org".
void addNames(SSL* ssl, const TlsDemand& demand, unsigned flags) {
    ::SSL_set_hostflags(
        ssl,
        flags | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_SINGLE_LABEL_SUBDOMAINS);
    for (const std::string& name : demand.names) {
        const char* const text = name.c_str() + (name.starts_with("*.") ? 1 : 0);
        require(::SSL_add1_host(ssl, text) == 1, "SSL_add1_host");
    }
}

// RFC 8461 §4.1: a chain to a trusted root, not expired, with a DNS-ID that matches.
void demandNames(SSL* ssl, const TlsDemand& demand) {
    if (demand.names.empty()) throw std::invalid_argument("a TLS demand without names");
    ::SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    addNames(ssl, demand, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
}

// RFC 7672 §3.1. Usages 0 and 1 cannot be used (§3.1.3); neither can what OpenSSL does not know.
void demandDane(SSL* ssl, const TlsDemand& demand) {
    if (demand.serverName.empty()) throw std::invalid_argument("a DANE demand without its domain");
    require(::SSL_dane_enable(ssl, demand.serverName.c_str()) == 1, "SSL_dane_enable");
    // RFC 7672 §3.1.1: usage 3 looks neither at names nor at the dates.
    ::SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    int usable = 0;
    for (const TlsaRecord& record : demand.tlsa) {
        if (record.usage != kDaneTrustAnchor && record.usage != kDaneEndEntity) continue;
        const auto* const octets = reinterpret_cast<const unsigned char*>(record.data.data());
        const int added = ::SSL_dane_tlsa_add(
            ssl, record.usage, record.selector, record.matching, octets, record.data.size());
        // 0: not usable. Below: malformed, which is the same to us.
        if (added > 0) ++usable;
    }
    ::ERR_clear_error();
    // RFC 7672 §3.2.3: a common name counts where there is no DNS-ID.
    addNames(ssl, demand, 0);
    ::SSL_set_verify(ssl, usable > 0 ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
}

TlsFault faultOf(long verification) {
    switch (verification) {
        case X509_V_ERR_HOSTNAME_MISMATCH: return TlsFault::HostMismatch;
        case X509_V_ERR_CERT_HAS_EXPIRED: return TlsFault::Expired;
        case X509_V_ERR_DANE_NO_MATCH: return TlsFault::TlsaMismatch;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_UNTRUSTED: return TlsFault::NotTrusted;
        default: return TlsFault::ValidationFailure;
    }
}

}  // namespace

class TlsClientContext::Implementation {
public:
    explicit Implementation(const std::filesystem::path& roots) : context_(makeContext(roots)) {}

    Poco::Net::Context::Ptr context_;
};

TlsClientContext::TlsClientContext(const std::filesystem::path& roots)
    : implementation_(std::make_unique<Implementation>(roots)) {
    Poco::Net::Context& context = *implementation_->context_;
    context.requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
    SSL_CTX* const raw = context.sslContext();
    // POCO's callback asks its SSLManager, which knows nothing of us.
    ::SSL_CTX_set_verify(raw, SSL_VERIFY_NONE, nullptr);
    ::SSL_CTX_set_mode(
        raw,
        SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // A resumed session would skip the check of the certificate.
    ::SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    require(::SSL_CTX_dane_enable(raw) == 1, "SSL_CTX_dane_enable");
}

TlsClientContext::~TlsClientContext() = default;

ssl_st* TlsClientContext::makeClientSsl(const TlsDemand& demand) const {
    struct Free {
        void operator()(SSL* ssl) const { ::SSL_free(ssl); }
    };

    ::ERR_clear_error();
    std::unique_ptr<SSL, Free> made(::SSL_new(implementation_->context_->sslContext()));
    if (!made) throw std::bad_alloc();
    SSL* const ssl = made.get();
    ::SSL_set_connect_state(ssl);
    if (!demand.serverName.empty()) {
        require(SSL_set_tlsext_host_name(ssl, demand.serverName.c_str()) == 1, "SNI");
    }
    switch (demand.check) {
        case TlsCheck::None: break;
        case TlsCheck::Names: demandNames(ssl, demand); break;
        case TlsCheck::Dane: demandDane(ssl, demand); break;
    }
    if (::SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) {
        ::SSL_set_security_level(ssl, kSecurityLevelUnverified);
    }
    return made.release();
}

TlsOutcome tlsOutcomeOf(ssl_st* ssl, Handshake handshake, std::string why) {
    const bool checked = ::SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE;
    const long verification = ::SSL_get_verify_result(ssl);
    if (handshake == Handshake::Done) {
        return {.fault = TlsFault::None, .verified = checked, .why = {}};
    }
    if (checked && verification != X509_V_OK) {
        return {
            .fault = faultOf(verification),
            .verified = false,
            .why = ::X509_verify_cert_error_string(verification),
        };
    }
    if (why.empty()) why = "the peer ended the handshake";
    return {.fault = TlsFault::HandshakeFailed, .verified = false, .why = std::move(why)};
}

}  // namespace daybook
