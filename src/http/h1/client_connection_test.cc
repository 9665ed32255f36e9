#include "http/h1/client_connection.h"

#include <gtest/gtest.h>

#include <string>

#include "http/h1/two_ends.h"

namespace penstock::http::h1 {
namespace {

using namespace std::chrono_literals;

RequestHead request(Method method = Method::get) {
  RequestHead head;
  head.method = method;
  head.method_text = text_of(method);
  head.target = "/";
  head.fields.add(Name::host, "h");
  return head;
}

// What one answer leaves behind.
struct Answered {
  std::uint16_t status = 0;
  std::string content;
  const Reason* failure = nullptr;
  bool reusable = false;
  Duration announced{};
};

Task<Answered> take_answer(ClientConnection& connection, Method method = Method::get) {
  Answered answered;
  Arena arena;
  ResponseHead head;
  const auto read = co_await connection.read_head(head, method, arena, {.idle = 5s});
  if (!read) {
    answered.failure = read.error().reason;
    co_return answered;
  }
  answered.status = head.status;
  connection.begin_content(head, {.idle = 5s});
  for (;;) {
    const auto piece = co_await connection.body().read();
    if (!piece) answered.failure = piece.error().reason;
    if (!piece) break;
    answered.content += piece->bytes;
    if (piece->last) break;
  }
  answered.reusable = connection.reusable();
  answered.announced = connection.announced_idle();
  co_return answered;
}

// The service says `text` to whatever it is asked.
Task<Answered> answer_with(SimLoop& loop, Pair& ends, std::string text, Then then = Then::nothing,
                           Method method = Method::get) {
  ClientConnection connection(loop, std::move(ends.client));
  co_await say(*ends.server, text, then);
  auto answered = co_await take_answer(connection, method);
  co_return answered;
}

TEST(ClientConnection, SendsARequestWithoutContent) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ClientConnection connection(loop, std::move(ends.client));
    std::string out = "left over";
    const auto head = request();
    const auto sent = co_await connection.send(head, out, Timeout{});
    EXPECT_TRUE(sent.has_value());
    EXPECT_EQ(out, "");
    EXPECT_EQ(connection.requests(), 1U);
    const auto heard = co_await hear_until(*ends.server, "\r\n\r\n");
    EXPECT_EQ(heard, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  });
}

TEST(ClientConnection, SendsARequestWithItsContent) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ClientConnection connection(loop, std::move(ends.client));
    std::string out;
    auto head = request(Method::post);
    head.framing = Framing::chunked;
    TextBody body("text");
    const auto sent = co_await connection.send(head, body, out, Timeout{});
    EXPECT_EQ(sent.end, Sent::End::whole);
    EXPECT_EQ(sent.bytes, 4U);
    const auto heard = co_await hear_until(*ends.server, "0\r\n\r\n");
    EXPECT_EQ(heard,
              "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
              "4\r\ntext\r\n0\r\n\r\n");
  });
}

TEST(ClientConnection, SendsTheContentAloneAfterTheHead) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ClientConnection connection(loop, std::move(ends.client));
    std::string out;
    auto head = request(Method::post);
    head.framing = Framing::length;
    head.content_length = 4;
    co_await connection.send(head, out, Timeout{});
    TextBody body("text");
    const auto sent = co_await connection.send_content(body, head.framing, out, Timeout{});
    EXPECT_EQ(sent.end, Sent::End::whole);
    EXPECT_EQ(connection.requests(), 1U);
    const auto heard = co_await hear_until(*ends.server, "text");
    EXPECT_EQ(heard, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\ntext");
  });
}

TEST(ClientConnection, GivesInterimHeadsOneByOne) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ClientConnection connection(loop, std::move(ends.client));
    co_await say(*ends.server,
                 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    Arena arena;
    ResponseHead head;
    for (const std::uint16_t status : {100, 103}) {
      const auto read = co_await connection.read_head(head, Method::get, arena, {.idle = 5s});
      EXPECT_TRUE(read && head.status == status);
    }
    const auto answered = co_await take_answer(connection);
    EXPECT_EQ(answered.status, 200);
    EXPECT_EQ(answered.content, "ok");
    EXPECT_TRUE(answered.reusable);
  });
}

TEST(ClientConnection, ReadsOnWhereATimeoutInterruptedIt) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ClientConnection connection(loop, std::move(ends.client));
    Arena arena;
    ResponseHead head;
    for (const std::string part : {"HTTP/1.1 200 O", "K\r\nX-Part", ": 1\r\nContent-Length: 2\r"}) {
      co_await say(*ends.server, part);
      const auto read = co_await connection.read_head(head, Method::get, arena, {.idle = 1s});
      EXPECT_TRUE(!read && read.error().kind == Error::Kind::timed_out);
    }
    co_await say(*ends.server, "\n\r\nok");
    const auto answered = co_await take_answer(connection);
    EXPECT_EQ(answered.status, 200);
    EXPECT_EQ(answered.content, "ok");
  });
}

TEST(ClientConnection, AnEndBeforeTheFirstByteIsTheConnectionsOwn) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ClientConnection connection(loop, std::move(ends.client));
    ends.server->shutdown_write();
    Arena arena;
    ResponseHead head;
    const auto read = co_await connection.read_head(head, Method::get, arena, {.idle = 5s});
    EXPECT_TRUE(!read && read.error().kind == Error::Kind::closed);
    EXPECT_EQ(read.error().reason, nullptr);
  });
}

TEST(ClientConnection, AnEndWithinTheHeadIsTheServices) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto answered = co_await answer_with(loop, ends, "HTTP/1.1 200 OK\r\nX", Then::fin);
    EXPECT_EQ(answered.failure, &reasons::kUpstreamClosed);
  });
}

TEST(ClientConnection, AMalformedHeadHasItsReason) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto answered = co_await answer_with(loop, ends, "SSH-2.0-OpenSSH\r\n");
    EXPECT_EQ(answered.failure, &reasons::kUpstreamMalformed);
  });
}

// --- reusable()

struct Case {
  const char* text;
  bool reusable;
};

TEST(ClientConnection, IsReusableOnlyAfterAWholeAnswerThatLetsIt) {
  static constexpr Case kCases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true},
      {"HTTP/1.1 204 No Content\r\n\r\n", true},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", true},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false},
      // Bytes that nobody asked for.
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\r\n", false},
      {"HTTP/1.1 204 No Content\r\n\r\n!", false},
  };
  static std::size_t at = 0;
  for (at = 0; at < std::size(kCases); ++at) {
    SCOPED_TRACE(kCases[at].text);
    with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
      const std::string text = kCases[at].text;
      ClientConnection connection(loop, std::move(ends.client));
      co_await say(*ends.server, text);
      // Surplus that comes later is found by the pool's watch.
      while (connection.input().bytes().size() < text.size()) {
        auto got = co_await connection.stream().recv(text.size(), Timeout{});
        connection.input().put(std::move(*got));
      }
      const auto answered = co_await take_answer(connection);
      EXPECT_EQ(answered.failure, nullptr);
      EXPECT_EQ(answered.reusable, kCases[at].reusable);
    });
  }
}

TEST(ClientConnection, IsNotReusableWhenTheAnswerWasCutShort) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto answered = co_await answer_with(
        loop, ends, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok", Then::fin);
    EXPECT_EQ(answered.content, "ok");
    EXPECT_EQ(answered.failure, &reasons::kUpstreamIncomplete);
    EXPECT_FALSE(answered.reusable);
  });
}

TEST(ClientConnection, IsNotReusableAfterAnAnswerThatTheCloseDelimits) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto answered = co_await answer_with(loop, ends, "HTTP/1.1 200 OK\r\n\r\nok", Then::fin);
    EXPECT_EQ(answered.content, "ok");
    EXPECT_EQ(answered.failure, nullptr);
    EXPECT_FALSE(answered.reusable);
  });
}

TEST(ClientConnection, IsNeverReusableOnceSpoiled) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ClientConnection connection(loop, std::move(ends.client));
    connection.spoil();
    co_await say(*ends.server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    const auto answered = co_await take_answer(connection);
    EXPECT_EQ(answered.content, "ok");
    EXPECT_FALSE(answered.reusable);
  });
}

TEST(ClientConnection, IsNotReusableWhenTheRequestAskedForAClose) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ClientConnection connection(loop, std::move(ends.client));
    auto head = request();
    head.keep_alive = false;
    std::string out;
    co_await connection.send(head, out, Timeout{});
    co_await say(*ends.server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    const auto answered = co_await take_answer(connection);
    EXPECT_FALSE(answered.reusable);
  });
}

// --- Keep-Alive

struct KeepAlive {
  const char* field;
  Duration announced;
};

TEST(ClientConnection, ReadsHowLongTheServiceKeepsAnIdleConnection) {
  static constexpr KeepAlive kCases[] = {
      {"", 0s},
      {"Keep-Alive: timeout=5\r\n", 5s},
      {"Keep-Alive: max=100, Timeout=7\r\n", 7s},
      {"Keep-Alive: timeout=\r\n", 0s},
      {"Keep-Alive: timeout=soon\r\n", 0s},
      {"Keep-Alive: timeout=-1\r\n", 0s},
      {"Keep-Alive: timeout=4000000000\r\n", 24h},
      {"Keep-Alive: timeout=99999999999999999999\r\n", 0s},
      {"Keep-Alive: 15\r\n", 0s},
  };
  static std::size_t at = 0;
  for (at = 0; at < std::size(kCases); ++at) {
    SCOPED_TRACE(kCases[at].field);
    with_two_ends(
        [](SimLoop& loop, Pair& ends) -> Task<void> {
          const auto answered = co_await answer_with(
              loop, ends,
              "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + std::string(kCases[at].field) + "\r\n");
          EXPECT_EQ(answered.announced, kCases[at].announced);
        },
        3);
  }
}

}  // namespace
}  // namespace penstock::http::h1
