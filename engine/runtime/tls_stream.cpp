#include "engine/runtime/tls_stream.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "engine/runtime/connection.h"

namespace daybook {

TlsStream::TlsStream(ssl_st* ssl, int descriptor) : ssl_(ssl) { ::SSL_set_fd(ssl, descriptor); }

void TlsStream::Free::operator()(ssl_st* ssl) const { ::SSL_free(ssl); }

Progress TlsStream::handshake() {
    ::ERR_clear_error();
    errno = 0;
    return progressOf(::SSL_do_handshake(ssl_.get()));
}

Transfer TlsStream::read(std::span<char> space) {
    ::ERR_clear_error();
    errno = 0;
    std::size_t octets = 0;
    const int result = ::SSL_read_ex(ssl_.get(), space.data(), space.size(), &octets);
    return {.progress = progressOf(result), .octets = octets};
}

Transfer TlsStream::write(std::string_view octets) {
    ::ERR_clear_error();
    errno = 0;
    std::size_t written = 0;
    const int result = ::SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &written);
    return {.progress = progressOf(result), .octets = written};
}

Progress TlsStream::progressOf(int result) {
    if (result > 0) return Progress::Done;
    const int systemError = errno;
    const int error = ::SSL_get_error(ssl_.get(), result);
    switch (error) {
        case SSL_ERROR_WANT_READ: return Progress::WantRead;
        case SSL_ERROR_WANT_WRITE: return Progress::WantWrite;
        case SSL_ERROR_ZERO_RETURN: return Progress::Ended;
        default: break;
    }
    // SSL_ERROR_SSL or SSL_ERROR_SYSCALL: nothing more may be done with it, not even a shutdown.
    const unsigned long code = ::ERR_get_error();
    if (code != 0) {
        std::array<char, 256> text{};
        ::ERR_error_string_n(code, text.data(), text.size());
        failure_ = text.data();
    } else {
        failure_ = systemError != 0 ? std::strerror(systemError) : "ended without close_notify";
    }
    ::ERR_clear_error();
    return Progress::Broken;
}

void TlsStream::close() {
    if (!failure_.empty() || ::SSL_is_init_finished(ssl_.get()) == 0) return;
    ::ERR_clear_error();
    ::SSL_shutdown(ssl_.get());
    ::ERR_clear_error();
}

bool TlsStream::hasPending() const { return ::SSL_has_pending(ssl_.get()) == 1; }

TlsInfo TlsStream::info() const {
    TlsInfo info;
    const SSL_CIPHER* const cipher = ::SSL_get_current_cipher(ssl_.get());
    if (cipher == nullptr) return info;
    info.version = static_cast<std::uint16_t>(::SSL_version(ssl_.get()));
    info.versionName = ::SSL_get_version(ssl_.get());
    info.cipher = ::SSL_CIPHER_get_protocol_id(cipher);
    info.cipherName = ::SSL_CIPHER_get_name(cipher);
    info.cipherBits = ::SSL_CIPHER_get_bits(cipher, nullptr);
    return info;
}

std::optional<std::string> TlsStream::channelBinding() const {
    // RFC 9266 §4.2: with TLS 1.2 only when the master secret is bound to the handshake.
    SSL* const ssl = ssl_.get();
    if (::SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1) return {};
    constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
    std::string octets(32, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(octets.data());
    ::ERR_clear_error();
    const int done = ::SSL_export_keying_material(
        ssl, out, octets.size(), kLabel.data(), kLabel.size(), nullptr, 0, 0);
    if (done != 1) return {};
    return octets;
}

TlsOutcome TlsStream::outcome(Handshake handshake) const {
    return tlsOutcomeOf(ssl_.get(), handshake, failure_);
}

std::string TlsStream::serverName() const {
    const char* const name = ::SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? std::string() : std::string(name);
}

std::vector<std::string> TlsStream::clientNames() const {
    std::vector<std::string> names;
    X509* const certificate = ::SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr || ::SSL_get_verify_result(ssl_.get()) != X509_V_OK) return names;
    const auto add = [&](const ASN1_STRING* text) {
        const auto* const octets = reinterpret_cast<const char*>(::ASN1_STRING_get0_data(text));
        names.emplace_back(octets, static_cast<std::size_t>(::ASN1_STRING_length(text)));
    };
    const std::unique_ptr<GENERAL_NAMES, decltype(&::GENERAL_NAMES_free)> alternatives(
        static_cast<GENERAL_NAMES*>(
            ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        &::GENERAL_NAMES_free);
    const int count = alternatives ? sk_GENERAL_NAME_num(alternatives.get()) : 0;
    for (int i = 0; i < count; ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(alternatives.get(), i);
        if (name->type == GEN_EMAIL) add(name->d.rfc822Name);
    }
    X509_NAME* const subject = ::X509_get_subject_name(certificate);
    const int index = ::X509_NAME_get_index_by_NID(subject, NID_userId, -1);
    if (index >= 0) add(::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, index)));
    ::ERR_clear_error();
    return names;
}

}  // namespace daybook
