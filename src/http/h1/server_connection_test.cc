#include "http/h1/server_connection.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "http/h1/two_ends.h"

namespace penstock::http::h1 {
namespace {

using namespace std::chrono_literals;

// The server's end as the listener uses it.
struct Served {
  Served(SimLoop& the_loop, Pair& ends)
      : loop(the_loop), http(loop, std::move(ends.server), limits) {
    http.use(&workspace);
  }

  SimLoop& loop;
  ServerLimits limits;
  Workspace workspace;
  RequestHead head;
  ServerConnection http;
};

Task<bool> next_request(Served& served) {
  served.workspace.clear();
  served.head.clear();
  const auto read = co_await served.http.read_head(served.head, served.loop.now() + 10s);
  EXPECT_TRUE(read.has_value());
  co_return read.has_value();
}

Task<Sent> answer(Served& served, std::string_view text, Framing framing = Framing::length,
                  std::uint16_t status = 200) {
  ResponseHead head;
  head.status = status;
  head.framing = framing;
  head.content_length = text.size();
  TextBody body(text);
  auto sent = co_await served.http.respond(head, &body);
  co_return sent;
}

// Fails after a few bytes.
class CutBody final : public Body {
 public:
  std::optional<Result<Piece>> poll() override {
    if (std::exchange(given_, true)) return fail(reasons::kUpstreamIncomplete);
    return Result<Piece>(Piece{"begun", false});
  }
  Task<Result<Piece>> read() override { co_return *poll(); }

 private:
  bool given_ = false;
};

Task<std::string> read_content(Served& served) {
  std::string content;
  for (;;) {
    const auto piece = co_await served.http.body().read();
    if (!piece) co_return content + " failed";
    content += piece->bytes;
    if (piece->last) co_return content;
  }
}

// --- Requests

TEST(ServerConnection, ARequestWithMalformedContentIsRefusedAsAWhole) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client,
                 "POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "2\r\nok\r\n0x2\r\nok\r\n0\r\n\r\n");
    Served served(loop, ends);
    co_await gather(served.http.input(), "0\r\n\r\n");
    const auto read = co_await served.http.read_head(served.head, loop.now() + 10s);
    EXPECT_TRUE(!read && read.error().reason == &reasons::kMalformedRequest);
  });
}

TEST(ServerConnection, PipelinedRequestsAreServedInOrder) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client,
                 "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                 "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
                 "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
    Served served(loop, ends);
    for (const std::string target : {"/1", "/2", "/3"}) {
      co_await next_request(served);
      EXPECT_EQ(served.head.target, target);
      const auto sent = co_await answer(served, target);
      EXPECT_EQ(sent.end, Sent::End::whole);
      EXPECT_EQ(sent.bytes, 2U);
      const auto heard = co_await hear_until(*ends.client, "\r\n\r\n" + target);
      EXPECT_EQ(heard, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + target);
      const bool open = co_await served.http.finish();
      EXPECT_TRUE(open);
      EXPECT_EQ(loop.buffers().lent(), 0U);  // Who waits holds no block.
    }
  });
}

TEST(ServerConnection, AHeadThatIsNotCompleteIsNotGiven) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    Served served(loop, ends);
    const auto complete = served.http.try_head(served.head);
    EXPECT_TRUE(complete && !*complete);
    co_return;
  });
}

TEST(ServerConnection, AHeadThatTakesTooLongIsARequestTimeout) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, "GET / HTTP/1.1\r\nHos");
    Served served(loop, ends);
    const auto read = co_await served.http.read_head(served.head, loop.now() + 1s);
    EXPECT_TRUE(!read && read.error().reason == &reasons::kRequestTimeout);
  });
}

TEST(ServerConnection, AClientThatLeavesWithinItsHeadHasNoReason) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, "GET / HTTP/1.1\r\nHos", Then::fin);
    Served served(loop, ends);
    const auto read = co_await served.http.read_head(served.head, loop.now() + 1s);
    EXPECT_TRUE(!read && read.error().kind == Error::Kind::closed);
    EXPECT_EQ(read.error().reason, nullptr);
  });
}

TEST(ServerConnection, AMalformedHeadIsAnswerableWhateverCameBefore) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\nno request\r\n\r\n");
    Served served(loop, ends);
    co_await next_request(served);
    co_await answer(served, "unseen");
    co_await served.http.finish();
    const auto read = co_await served.http.read_head(served.head, loop.now() + 1s);
    EXPECT_TRUE(!read && read.error().reason == &reasons::kMalformedRequest);
    served.http.close_after();
    co_await answer(served, "seen", Framing::length, 400);
    const auto heard = co_await hear_until(*ends.client, "seen");
    EXPECT_EQ(heard,
              "HTTP/1.1 200 OK\r\n\r\n"
              "HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\nConnection: close\r\n\r\nseen");
  });
}

// --- 100 Continue

TEST(ServerConnection, TheFirstPullOfTheBodyAsksTheClientToGoOn) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client,
                 "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    Served served(loop, ends);
    co_await next_request(served);
    EXPECT_FALSE(served.http.body().poll().has_value());  // Asks without asking the client.
    Scope scope(loop);
    Everything all;
    const auto content = [](Served& it, std::string& into) -> Task<void> {
      into = co_await read_content(it);
    };
    std::string got;
    scope.spawn(content(served, got));
    const auto heard = co_await hear_until(*ends.client, "\r\n\r\n");
    EXPECT_EQ(heard, "HTTP/1.1 100 Continue\r\n\r\n");
    co_await say(*ends.client, "body");
    co_await scope.join();
    EXPECT_EQ(got, "body");
    co_await answer(served, "!");
    const auto final = co_await hear_until(*ends.client, "!");
    EXPECT_EQ(final, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!");
    const bool open = co_await served.http.finish();
    EXPECT_TRUE(open);
  });
}

TEST(ServerConnection, AnAnswerInsteadOf100EndsTheConnection) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client,
                 "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    Served served(loop, ends);
    co_await next_request(served);
    co_await answer(served, "no", Framing::length, 403);
    const auto heard = co_await hear_until(*ends.client, "no");
    EXPECT_EQ(heard, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    const bool open = co_await served.http.finish();
    EXPECT_FALSE(open);
  });
}

TEST(ServerConnection, A100ThatTheServiceSentIsNotSentAgain) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(
        *ends.client,
        "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody");
    Served served(loop, ends);
    co_await next_request(served);
    ResponseHead go_on;
    go_on.status = 100;
    co_await served.http.interim(go_on);
    const auto content = co_await read_content(served);
    EXPECT_EQ(content, "body");
    co_await answer(served, "!");
    const auto heard = co_await hear_until(*ends.client, "!");
    EXPECT_EQ(heard, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!");
  });
}

TEST(ServerConnection, AnOldClientGetsNoInterimAnswers) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, "GET / HTTP/1.0\r\n\r\n");
    Served served(loop, ends);
    co_await next_request(served);
    ResponseHead hints;
    hints.status = 103;
    const auto passed = co_await served.http.interim(hints);
    EXPECT_TRUE(passed.has_value());
    co_await answer(served, "!");
    const auto heard = co_await hear_until(*ends.client, "!");
    EXPECT_EQ(heard, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n!");
  });
}

// --- How an answer is delimited

struct Delimited {
  std::string heard;
  bool keeps_alive = false;
};

Task<Delimited> delimit(SimLoop& loop, Pair& ends, std::string request, ResponseHead head,
                        bool with_body) {
  co_await say(*ends.client, request + "\r\n\r\n");
  Served served(loop, ends);
  co_await next_request(served);
  TextBody body("text");
  co_await served.http.respond(head, with_body ? &body : nullptr);
  const bool open = co_await served.http.finish();
  served.http.stream().shutdown_write();
  const auto all = co_await read_all(*ends.client);
  co_return Delimited{all.bytes, open};
}

ResponseHead response(std::uint16_t status, Framing framing) {
  ResponseHead head;
  head.status = status;
  head.framing = framing;
  head.content_length = 4;
  return head;
}

TEST(ServerConnection, AContentOfUnknownLengthIsChunked) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto it = co_await delimit(loop, ends, "GET / HTTP/1.1\r\nHost: h",
                                     response(200, Framing::until_close), true);
    EXPECT_EQ(it.heard,
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntext\r\n0\r\n\r\n");
    EXPECT_TRUE(it.keeps_alive);
  });
}

TEST(ServerConnection, ToAnOldClientItIsDelimitedByTheClose) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto it = co_await delimit(loop, ends, "GET / HTTP/1.0\r\nConnection: keep-alive",
                                     response(200, Framing::chunked), true);
    EXPECT_EQ(it.heard, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ntext");
    EXPECT_FALSE(it.keeps_alive);
  });
}

TEST(ServerConnection, AnOldClientIsToldThatTheConnectionStays) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto it = co_await delimit(loop, ends, "GET / HTTP/1.0\r\nConnection: keep-alive",
                                     response(200, Framing::length), true);
    EXPECT_EQ(it.heard,
              "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: keep-alive\r\n\r\ntext");
    EXPECT_TRUE(it.keeps_alive);
  });
}

TEST(ServerConnection, AClientThatAsksForACloseGetsIt) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto it = co_await delimit(loop, ends, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close",
                                     response(200, Framing::length), true);
    EXPECT_EQ(it.heard, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ntext");
    EXPECT_FALSE(it.keeps_alive);
  });
}

TEST(ServerConnection, WithoutABodyTheLengthIsZero) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto it = co_await delimit(loop, ends, "GET / HTTP/1.1\r\nHost: h",
                                     response(200, Framing::none), false);
    EXPECT_EQ(it.heard, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(it.keeps_alive);
  });
}

TEST(ServerConnection, TheAnswerToHeadStatesALengthAndHasNoContent) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    auto head = response(200, Framing::none);
    head.fields.add(Name::content_length, "4");
    const auto it =
        co_await delimit(loop, ends, "HEAD / HTTP/1.1\r\nHost: h", std::move(head), true);
    EXPECT_EQ(it.heard, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    EXPECT_TRUE(it.keeps_alive);
  });
}

TEST(ServerConnection, A204AndA304HaveNoContent) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto it = co_await delimit(loop, ends, "GET / HTTP/1.1\r\nHost: h",
                                     response(204, Framing::length), true);
    EXPECT_EQ(it.heard, "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_TRUE(it.keeps_alive);
  });
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    auto head = response(304, Framing::length);
    head.fields.add(Name::content_length, "4");
    const auto it =
        co_await delimit(loop, ends, "GET / HTTP/1.1\r\nHost: h", std::move(head), true);
    EXPECT_EQ(it.heard, "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n");
    EXPECT_TRUE(it.keeps_alive);
  });
}

// --- What goes wrong on the way back

Task<Everything> cut(SimLoop& loop, Pair& ends, std::string request, Framing framing) {
  co_await say(*ends.client, request + "\r\n\r\n");
  Everything all;
  Scope scope(loop);
  {
    Served served(loop, ends);
    co_await next_request(served);
    auto head = response(200, framing);
    head.content_length = 100;
    CutBody body;
    const auto sent = co_await served.http.respond(head, &body);
    EXPECT_EQ(sent.end, Sent::End::source_failed);
    EXPECT_EQ(sent.error.reason, &reasons::kUpstreamIncomplete);
    const bool open = co_await served.http.finish();
    EXPECT_FALSE(open);
    scope.spawn(hear_all(*ends.client, all));
    co_await served.http.linger();
  }
  co_await scope.join();
  co_return all;
}

TEST(ServerConnection, AClosedDelimitedAnswerThatIsCutEndsInAReset) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto all = co_await cut(loop, ends, "GET / HTTP/1.0", Framing::until_close);
    EXPECT_EQ(all.end, Error::Kind::reset);
  });
}

TEST(ServerConnection, AnyOtherAnswerThatIsCutEndsBeforeItsEnd) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto all = co_await cut(loop, ends, "GET / HTTP/1.1\r\nHost: h", Framing::chunked);
    EXPECT_FALSE(all.bytes.ends_with("0\r\n\r\n"));
  });
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto all = co_await cut(loop, ends, "GET / HTTP/1.1\r\nHost: h", Framing::length);
    EXPECT_FALSE(all.bytes.ends_with("begun") && all.bytes.size() > 100);
  });
}

TEST(ServerConnection, AClientThatTakesNothingIsGivenUp) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    Served served(loop, ends);
    co_await next_request(served);
    const auto began = loop.now();
    const auto sent = co_await answer(served, numbered(1'000'000));
    EXPECT_EQ(sent.end, Sent::End::client_gone);
    EXPECT_EQ(sent.error.kind, Error::Kind::timed_out);
    EXPECT_GE(loop.now() - began, served.limits.body_idle_timeout);
    EXPECT_FALSE(served.http.keeps_alive());
  });
}

// --- What is left of the request

Task<void> try_to_say(Stream& stream, std::string text) {
  co_await stream.send(text, Timeout{});
}

// A POST, as far as its client sends it.
std::string post(std::string_view framing, std::string_view content) {
  return fmt::format("POST / HTTP/1.1\r\nHost: h\r\n{}\r\n\r\n{}", framing, content);
}

std::string post_of(std::size_t announced, std::size_t sent) {
  return post("Content-Length: " + std::to_string(announced), numbered(sent));
}

std::string post_of_chunks(std::string_view chunks) {
  return post("Transfer-Encoding: chunked", chunks);
}

// How much of the content is read before the answer.
enum class Reads : std::uint8_t { nothing, piece, all };

struct Early {
  bool open = false;  // After what was left had been discarded.
  Duration took{};    // Until then.
  Everything heard;   // By the client, up to the end of its connection.

  bool announced() const {
    return heard.bytes.find("\r\nConnection: close\r\n") != std::string::npos;
  }
  // The client has read the answer and a proper end.
  bool arrived() const {
    return heard.bytes.ends_with("early") && heard.end == Error::Kind::closed;
  }
};

Task<Early> answer_early(SimLoop& loop, Pair& ends, std::string request,
                         Reads reads = Reads::nothing) {
  Early early;
  Scope scope(loop);
  scope.spawn(try_to_say(*ends.client, std::move(request)));
  scope.spawn(hear_all(*ends.client, early.heard));
  {
    Served served(loop, ends);
    served.limits.body_bytes = 5'000'000;
    co_await next_request(served);
    if (reads == Reads::piece) co_await served.http.body().read();
    if (reads == Reads::all) co_await read_content(served);
    co_await answer(served, "early", Framing::length, 403);
    const auto began = loop.now();
    early.open = co_await served.http.finish();
    early.took = loop.now() - began;
    if (!early.open) co_await served.http.linger();
  }
  co_await scope.join();
  co_return early;
}

TEST(ServerConnection, AnEarlyAnswerDiscardsALittleAndGoesOn) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto early = co_await answer_early(loop, ends, post_of(60'000, 60'000));
    EXPECT_TRUE(early.open);
    EXPECT_FALSE(early.announced());
  });
}

TEST(ServerConnection, AnEarlyAnswerToMuchThatIsStillToComeAnnouncesTheClose) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto early = co_await answer_early(loop, ends, post_of(4'000'000, 1'000'000));
    EXPECT_FALSE(early.open);
    EXPECT_EQ(early.took, Duration{});
    EXPECT_TRUE(early.announced());
    EXPECT_TRUE(early.arrived());
  });
}

TEST(ServerConnection, AnEarlyAnswerWithinALargeChunkAnnouncesTheClose) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto early = co_await answer_early(
        loop, ends, post_of_chunks("f4240\r\n" + numbered(400'000)), Reads::piece);
    EXPECT_FALSE(early.open);
    EXPECT_TRUE(early.announced());
    EXPECT_TRUE(early.arrived());
  });
}

TEST(ServerConnection, AnEarlyAnswerToChunksWithoutEndDiscardsNoMoreThanALittle) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    std::string chunks;
    for (int i = 0; i < 50; ++i) chunks += "2710\r\n" + numbered(10'000) + "\r\n";
    const auto early = co_await answer_early(loop, ends, post_of_chunks(chunks));
    EXPECT_FALSE(early.open);
    EXPECT_LE(early.took, ServerConnection::kDiscardTime);
    EXPECT_FALSE(early.announced());
    EXPECT_TRUE(early.arrived());
  });
}

TEST(ServerConnection, AnEarlyAnswerWaitsNoLongerThanALittle) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto early = co_await answer_early(loop, ends, post_of(1000, 10));
    EXPECT_FALSE(early.open);
    EXPECT_GE(early.took, ServerConnection::kDiscardTime);
    EXPECT_LE(early.took, ServerConnection::kDiscardTime + 100ms);
    EXPECT_TRUE(early.arrived());
  });
}

Task<void> expect_announced_close(SimLoop& loop, Pair& ends, std::string request, Reads reads) {
  const auto early = co_await answer_early(loop, ends, std::move(request), reads);
  EXPECT_FALSE(early.open);
  EXPECT_EQ(early.took, Duration{});
  EXPECT_TRUE(early.announced());
  EXPECT_TRUE(early.arrived());
}

TEST(ServerConnection, AfterContentThatTookTooLongTheAnswerAnnouncesTheClose) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await expect_announced_close(loop, ends, post_of(1000, 10), Reads::all);
  });
}

TEST(ServerConnection, AfterMalformedContentTheAnswerAnnouncesTheClose) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto good = "2710\r\n" + numbered(10'000) + "\r\n";
    co_await expect_announced_close(loop, ends, post_of_chunks(good + good + "0x2\r\n"),
                                    Reads::all);
  });
}

TEST(ServerConnection, ContentThatIsTooLargeIsAnsweredWithAnAnnouncedClose) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await expect_announced_close(loop, ends, post_of(5'000'001, 10), Reads::nothing);
  });
  with_two_ends(
      [](SimLoop& loop, Pair& ends) -> Task<void> {
        std::string chunks;
        for (int i = 0; i < 12; ++i) chunks += "7a120\r\n" + numbered(500'000) + "\r\n";
        co_await expect_announced_close(loop, ends, post_of_chunks(chunks), Reads::all);
      },
      3);
}

TEST(ServerConnection, ALittleThatIsMoreThanAllowedIsNotReadEither) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, post_of(1001, 0));
    Served served(loop, ends);
    served.limits.body_bytes = 1000;
    co_await next_request(served);
    co_await answer(served, "no", Framing::length, 413);
    const auto heard = co_await hear_until(*ends.client, "no");
    EXPECT_EQ(heard,
              "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  });
}

TEST(ServerConnection, LingeringLetsTheClientReadTheAnswer) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client,
                 "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 9\r\n\r\nabc");
    Served served(loop, ends);
    co_await next_request(served);
    co_await answer(served, "answer");
    const bool open = co_await served.http.finish();
    EXPECT_FALSE(open);
    Everything all;
    Scope scope(loop);
    scope.spawn(hear_all(*ends.client, all));
    const auto began = loop.now();
    co_await served.http.linger();
    EXPECT_GE(loop.now() - began, ServerConnection::kDiscardTime);
    EXPECT_LE(loop.now() - began, ServerConnection::kDiscardTime + 100ms);
    co_await scope.join();
    EXPECT_EQ(all.end, Error::Kind::closed);
    EXPECT_TRUE(all.bytes.ends_with("answer"));
  });
}

// --- Tunnels

TEST(ServerConnection, SwitchingProtocolsHandsOverWhatHasArrived) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client,
                 "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                 "Sec-WebSocket-Version: 13\r\n\r\nframes");
    Served served(loop, ends);
    co_await next_request(served);
    EXPECT_TRUE(served.head.upgrade_websocket);
    ResponseHead head;
    head.status = 101;
    head.upgrade_websocket = true;
    head.fields.add(Name::upgrade, "websocket");
    const auto input = co_await served.http.switch_protocols(head);
    EXPECT_TRUE(input.has_value());
    EXPECT_FALSE(served.http.keeps_alive());
    const auto heard = co_await hear_until(*ends.client, "\r\n\r\n");
    EXPECT_EQ(heard,
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
              "Connection: upgrade\r\n\r\n");
    while ((*input)->bytes().size() < 6) {
      auto got = co_await (*input)->stream().recv(100, Timeout{});
      (*input)->put(std::move(*got));
    }
    EXPECT_EQ((*input)->bytes(), "frames");
  });
}

}  // namespace
}  // namespace penstock::http::h1
