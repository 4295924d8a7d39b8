#include "engine/authentication/scram_client.h"

#include <cstdlib>
#include <gsasl.h>
#include <stdexcept>

namespace daybook {

namespace {

struct FinishLibrary {
    void operator()(Gsasl* library) const { gsasl_done(library); }
};

struct FinishSession {
    void operator()(Gsasl_session* session) const { gsasl_finish(session); }
};

void require(int status) {
    if (status != GSASL_OK) throw std::runtime_error(gsasl_strerror(status));
}

}  // namespace

class ScramClient::Implementation {
public:
    Implementation(const std::string& user, const std::string& password) {
        Gsasl* library = nullptr;
        require(gsasl_init(&library));
        library_.reset(library);
        Gsasl_session* session = nullptr;
        require(gsasl_client_start(library, "SCRAM-SHA-256", &session));
        session_.reset(session);
        require(gsasl_property_set(session, GSASL_AUTHID, user.c_str()));
        require(gsasl_property_set(session, GSASL_PASSWORD, password.c_str()));
    }

    // In this order: the session ends before its library.
    std::unique_ptr<Gsasl, FinishLibrary> library_;
    std::unique_ptr<Gsasl_session, FinishSession> session_;
    bool done_ = false;
};

ScramClient::ScramClient(const std::string& user, const std::string& password)
    : implementation_(std::make_unique<Implementation>(user, password)) {}

ScramClient::~ScramClient() = default;

std::optional<std::string> ScramClient::step(const std::string& challenge) {
    Implementation& self = *implementation_;
    // RFC 5802 §7: no value has a NUL; libgsasl would take what is before it for the whole.
    if (self.done_ || challenge.find('\0') != std::string::npos) return {};
    char* output = nullptr;
    std::size_t octets = 0;
    const int status =
        gsasl_step(self.session_.get(), challenge.data(), challenge.size(), &output, &octets);
    const std::unique_ptr<char, decltype(&std::free)> owned(output, &std::free);
    if (status != GSASL_OK && status != GSASL_NEEDS_MORE) return {};
    self.done_ = status == GSASL_OK;
    return std::string(output == nullptr ? "" : output, octets);
}

bool ScramClient::isDone() const { return implementation_->done_; }

}  // namespace daybook
