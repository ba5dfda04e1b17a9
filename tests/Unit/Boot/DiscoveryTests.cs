using System.Net;
using CsCheck;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public class DiscoveryTests
{
    private static readonly IPAddress Address = new([192, 168, 1, 2]);

    [Fact]
    public void A_question_is_known_by_its_id()
    {
        Assert.True(DiscoveryMessage.IsQuery(DiscoveryMessage.Query(4711), out ushort id));
        Assert.Equal(4711, id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_answer_says_where_the_coordinator_is(bool isLegacy) =>
        Assert.Equal([new IPEndPoint(Address, 7444)], DiscoveryMessage.ReadAnswer(DiscoveryMessage.Answer(1, isLegacy, "coordinator", Address, 7444), (ushort)(isLegacy ? 1 : 0)));

    [Fact]
    public void An_answer_to_another_question_is_nothing() =>
        Assert.Empty(DiscoveryMessage.ReadAnswer(DiscoveryMessage.Answer(1, true, "coordinator", Address, 7444), 2));

    [Fact]
    public void A_coordinator_with_the_longest_name_is_found() =>
        Assert.Single(DiscoveryMessage.ReadAnswer(DiscoveryMessage.Answer(1, true, new string('a', 63), Address, 7444), 1));

    [Fact]
    public void An_answer_is_no_question_and_a_question_no_answer()
    {
        Assert.False(DiscoveryMessage.IsQuery(DiscoveryMessage.Answer(1, true, "coordinator", Address, 7444), out _));
        Assert.Empty(DiscoveryMessage.ReadAnswer(DiscoveryMessage.Query(1), 1));
    }

    /// <summary>As avahi-daemon writes: names are shortened by pointers.</summary>
    [Fact]
    public void Pointers_are_followed_backwards_only()
    {
        byte[] header = [0, 1, 0x84, 0, 0, 0, 0, 0, 0, 0, 0, 2];
        byte[] service = [16, .. "_rpi-coordinator"u8, 4, .. "_tcp"u8, 5, .. "local"u8, 0];
        byte[] srv = [2, .. "me"u8, .. service, 0, 33, 0, 1, 0, 0, 0, 9, 0, 12, 0, 0, 0, 0, 0x1d, 0x14, 3, .. "one"u8, 0xC0, (byte)(12 + 3 + 17 + 5)];
        byte[] a = [3, .. "one"u8, 0xC0, (byte)(12 + 3 + 17 + 5), 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 0, 0, 9];
        Assert.Equal([new IPEndPoint(new IPAddress([10, 0, 0, 9]), 7444)], DiscoveryMessage.ReadAnswer([.. header, .. srv, .. a], 1));
        byte[] loop = [.. header, 0xC0, 12, 0, 33, 0, 1, 0, 0, 0, 9, 0, 0];
        Assert.Empty(DiscoveryMessage.ReadAnswer(loop, 1));
    }

    [Fact]
    public void Whatever_is_sent_is_read_to_an_end()
    {
        byte[] answer = DiscoveryMessage.Answer(1, true, "coordinator", Address, 7444), query = DiscoveryMessage.Query(1);
        Gen.Select(Gen.Bool, Gen.Int[0, answer.Length], Gen.Byte.Array[0, 40]).Sample((isAnswer, at, put) =>
        {
            byte[] real = isAnswer ? answer : query;
            int from = Math.Min(at, real.Length);
            byte[] damaged = [.. real[..from], .. put, .. real[Math.Min(real.Length, from + put.Length)..]];
            DiscoveryMessage.IsQuery(damaged, out _);
            DiscoveryMessage.ReadAnswer(damaged, 1);
            DiscoveryMessage.ReadAnswer(put, 1);
        }, iter: 20_000);
    }

    /// <summary>Records made of pointers and short labels, with a header that promises many.</summary>
    [Fact]
    public void Pointers_in_circles_come_to_an_end()
    {
        Gen<byte> tricky = Gen.Select(Gen.Int[0, 9], Gen.Byte, (which, any) => which < 5 ? new byte[] { 0xC0, 0, 1, 12, 33 }[which] : any);
        tricky.Array[0, 600].Sample(body =>
        {
            byte[] answer = [0, 0, 0x84, 0, 0, 1, 0, 20, 0, 20, 0, 20, .. body], question = [0, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, .. body];
            Assert.True(DiscoveryMessage.ReadAnswer(answer, 0).Length <= 64);
            DiscoveryMessage.IsQuery(question, out _);
        }, iter: 20_000);
    }
}
