using RpiAgent.Agent;
using RpiAgent.Agent.Boot.Card;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public sealed class UsedTokenTests : IDisposable
{
    private static readonly JoinToken Token = JoinToken.Create(new string('a', 64));
    private readonly AgentOptions _options = new() { Root = Directory.CreateTempSubdirectory("rpi-root-").FullName };

    public void Dispose() => Directory.Delete(_options.Root, recursive: true);

    [Fact]
    public void A_token_is_used_once_it_has_brought_an_identity_and_no_sooner()
    {
        UsedToken used = new(_options);
        Assert.False(used.Is(Token));
        used.Note(Token);
        Assert.False(used.Is(Token));
        WriteIdentity("first");
        Assert.True(used.Is(Token));
        Assert.False(used.Is(JoinToken.Create(new string('a', 64))));

        JoinToken second = JoinToken.Create(new string('a', 64));
        used.Note(second);
        Assert.False(used.Is(second)); // power cut: still the first identity
        WriteIdentity("second");
        Assert.True(used.Is(second));
    }

    [Fact]
    public void The_note_of_an_older_agent_is_one_of_a_used_token()
    {
        Directory.CreateDirectory(_options.State(""));
        File.WriteAllText(_options.State("used-token"), Token.Hash);
        Assert.True(new UsedToken(_options).Is(Token));
    }

    private void WriteIdentity(string certificate)
    {
        Directory.CreateDirectory(_options.State("identity"));
        File.WriteAllText(_options.State("identity/node.pem"), certificate);
    }
}
