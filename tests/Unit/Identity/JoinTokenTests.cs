using CsCheck;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Identity;

public class JoinTokenTests
{
    private static readonly string Digest = new('a', 64);

    [Fact]
    public void A_token_is_read_back_also_with_blanks_and_line_ends_around_it()
    {
        JoinToken made = JoinToken.Create(Digest);

        Assert.True(JoinToken.TryParse($"  {made.Reveal()}\r\n", out JoinToken? read, out _));
        Assert.Equal((made.AuthorityDigest, made.Secret, made.Hash), (read.AuthorityDigest, read.Secret, read.Hash));
        Assert.Equal(64, made.Hash.Length);
    }

    [Fact]
    public void A_token_shown_as_text_keeps_its_secret()
    {
        JoinToken made = JoinToken.Create(Digest);

        Assert.DoesNotContain(made.Secret, $"{made}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "is empty")]
    [InlineData("  ", "is empty")]
    [InlineData("SWMTKN-1-abc", "is not a join token")]
    [InlineData("rpi2.a.b", "kind 'rpi2'")]
    [InlineData("rpi1.abc", "cut or has a stray dot")]
    [InlineData("rpi1.abc.def", "second part")]
    public void What_is_not_a_token_is_refused_with_the_place(string? text, string reason)
    {
        Assert.False(JoinToken.TryParse(text, out _, out string? refusal));
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cut_or_changed_secret_is_refused()
    {
        string token = JoinToken.Create(Digest).Reveal();

        Assert.False(JoinToken.TryParse(token[..^1], out _, out string? cut));
        Assert.False(JoinToken.TryParse(token[..^1] + "*", out _, out _));
        Assert.Contains("third part is damaged", cut, StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_makes_the_parser_throw_and_no_two_texts_mean_one_secret() =>
        Gen.String.Sample(text =>
        {
            bool read = JoinToken.TryParse($"rpi1.{Digest}.{text}", out JoinToken? token, out string? refusal);
            Assert.Equal(read, refusal is null);
            Assert.True(!read || token!.Reveal().EndsWith(text.Trim(), StringComparison.Ordinal));
        });
}
