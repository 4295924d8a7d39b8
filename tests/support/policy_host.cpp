#include "tests/support/policy_host.h"

#include <arpa/inet.h>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "journal/base/ascii.h"

namespace daybook::test {

namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr int kDripMilliseconds = 20;

template <auto function>
struct Freed {
    template <class T>
    void operator()(T* freed) const {
        function(freed);
    }
};

using Context = std::unique_ptr<SSL_CTX, Freed<&::SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Freed<&::SSL_free>>;

void require(bool done, const char* what) {
    if (!done) throw std::runtime_error(std::string("policy host: ") + what);
}

Context contextOf(const CertificateFiles& files) {
    Context context(::SSL_CTX_new(::TLS_server_method()));
    require(context != nullptr, "SSL_CTX_new");
    const int chain =
        ::SSL_CTX_use_certificate_chain_file(context.get(), files.certificateChain.c_str());
    const int key =
        ::SSL_CTX_use_PrivateKey_file(context.get(), files.privateKey.c_str(), SSL_FILETYPE_PEM);
    require(chain == 1 && key == 1, "certificate or key");
    return context;
}

// Head and body; a body only by Content-Length.
std::string readRequest(SSL* ssl) {
    std::string text;
    std::array<char, 4096> octets{};
    for (;;) {
        const std::size_t end = text.find("\r\n\r\n");
        if (end != std::string::npos) {
            const std::string head = lowered(text.substr(0, end));
            const std::size_t field = head.find("content-length: ");
            const std::size_t body =
                field == std::string::npos ? 0 : std::stoul(head.substr(field + 16));
            if (text.size() >= end + 4 + body) return text;
        }
        const int count = ::SSL_read(ssl, octets.data(), static_cast<int>(octets.size()));
        if (count <= 0) return {};
        text.append(octets.data(), static_cast<std::size_t>(count));
    }
}

}  // namespace

std::string httpAnswer(
    const std::string& status, const std::string& contentType, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nContent-Type: " + contentType +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
           body;
}

class PolicyHost::Implementation {
public:
    struct Served {
        Site site;
        Context context;
        int requests = 0;
        std::string request;
    };

    Implementation() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        auto* const raw = reinterpret_cast<sockaddr*>(&address);
        require(::bind(listener_, raw, sizeof address) == 0, "bind");
        require(::listen(listener_, 64) == 0, "listen");
        socklen_t size = sizeof address;
        require(::getsockname(listener_, raw, &size) == 0, "getsockname");
        port_ = ::ntohs(address.sin_port);
        first_ = Context(::SSL_CTX_new(::TLS_server_method()));
        ::SSL_CTX_set_tlsext_servername_callback(first_.get(), &Implementation::choose);
        ::SSL_CTX_set_tlsext_servername_arg(first_.get(), this);
        acceptor_ = std::thread([this] { acceptAll(); });
    }

    ~Implementation() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            held_ = false;
            for (const int socket : sockets_)
                ::shutdown(socket, SHUT_RDWR);
        }
        changed_.notify_all();
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        for (std::thread& thread : threads_)
            thread.join();
        ::close(listener_);
    }

    void acceptAll() {
        for (;;) {
            const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            const std::lock_guard lock(mutex_);
            if (socket < 0 || stopping_) {
                if (socket >= 0) ::close(socket);
                return;
            }
            sockets_.push_back(socket);
            threads_.emplace_back([this, socket] { converse(socket); });
        }
    }

    // The certificate of the name that the client wants.
    static int choose(SSL* ssl, int*, void* user) {
        auto& self = *static_cast<Implementation*>(user);
        const char* const name = ::SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        const std::lock_guard lock(self.mutex_);
        const auto served = name == nullptr ? self.sites_.end() : self.sites_.find(name);
        if (served == self.sites_.end()) return SSL_TLSEXT_ERR_ALERT_FATAL;
        ::SSL_set_SSL_CTX(ssl, served->second.context.get());
        return SSL_TLSEXT_ERR_OK;
    }

    void converse(int socket) {
        {
            const Ssl ssl(::SSL_new(first_.get()));
            ::SSL_set_fd(ssl.get(), socket);
            if (::SSL_accept(ssl.get()) == 1) answer(ssl.get(), socket);
        }
        const std::lock_guard lock(mutex_);
        std::erase(sockets_, socket);
        ::close(socket);
    }

    void answer(SSL* ssl, int socket) {
        const std::string request = readRequest(ssl);
        if (request.empty()) return;
        std::unique_lock lock(mutex_);
        Served& served = sites_.at(::SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
        ++served.requests;
        served.request = request;
        changed_.notify_all();
        changed_.wait(lock, [this] { return !held_; });
        const std::string text = served.site.answer;
        const bool drips = served.site.drips;
        lock.unlock();
        if (::SSL_write(ssl, text.data(), static_cast<int>(text.size())) <= 0) return;
        while (drips && ::SSL_write(ssl, "x", 1) == 1) {
            pollfd ended{.fd = socket, .events = POLLIN, .revents = 0};
            if (::poll(&ended, 1, kDripMilliseconds) != 0) return;
        }
        ::SSL_shutdown(ssl);
    }

    int listener_;
    std::uint16_t port_ = 0;
    Context first_;
    std::thread acceptor_;

    mutable std::mutex mutex_;  // guards what follows
    mutable std::condition_variable changed_;
    std::map<std::string, Served, std::less<>> sites_;
    std::vector<std::thread> threads_;
    std::vector<int> sockets_;
    bool stopping_ = false;
    bool held_ = false;
};

PolicyHost::PolicyHost() : implementation_(std::make_unique<Implementation>()) {}

PolicyHost::~PolicyHost() = default;

std::uint16_t PolicyHost::port() const { return implementation_->port_; }

void PolicyHost::serve(const std::string& name, Site site) {
    Context context = contextOf(site.certificate);
    const std::lock_guard lock(implementation_->mutex_);
    Implementation::Served& served = implementation_->sites_[name];
    served.site = std::move(site);
    served.context = std::move(context);
}

int PolicyHost::requests(const std::string& name) const {
    const std::lock_guard lock(implementation_->mutex_);
    const auto served = implementation_->sites_.find(name);
    return served == implementation_->sites_.end() ? 0 : served->second.requests;
}

std::string PolicyHost::request(const std::string& name) const {
    const std::lock_guard lock(implementation_->mutex_);
    const auto served = implementation_->sites_.find(name);
    return served == implementation_->sites_.end() ? "" : served->second.request;
}

void PolicyHost::hold() {
    const std::lock_guard lock(implementation_->mutex_);
    implementation_->held_ = true;
}

void PolicyHost::release() {
    {
        const std::lock_guard lock(implementation_->mutex_);
        implementation_->held_ = false;
    }
    implementation_->changed_.notify_all();
}

void PolicyHost::waitForRequests(const std::string& name, int count) const {
    std::unique_lock lock(implementation_->mutex_);
    const bool came = implementation_->changed_.wait_for(
        lock, kPatience, [&] { return implementation_->sites_.at(name).requests >= count; });
    require(came, "the requests do not come");
}

}  // namespace daybook::test
