using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Ssh;

/// <summary>An answer of the system, or why there is none. No answer is never taken for "no".</summary>
/// <param name="Refusal">With its code; empty when there is an answer.</param>
internal sealed record Asked<T>(T? Answer, string Refusal) where T : class
{
    public static Asked<T> Of(T? answer) => new(answer, "");

    public static Asked<T> Refused(string why) => new(null, why);
}

/// <summary>What this system says of a user: the account, and how sshd treats it.</summary>
internal sealed class UserLookup(AgentOptions options, CommandRunner commands)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>The answer is null when there is no such user.</summary>
    public async Task<Asked<Account>> FindAsync(string user, CancellationToken cancel) =>
        Names.IsUser(user) ? Account.Read(await commands.RunAsync("getent", ["passwd", user], Limit, cancel)) : Asked<Account>.Of(null);

    /// <summary>Users who can become root; none when that cannot be learned.</summary>
    public async Task<ImmutableArray<Account>> AdminsAsync(CancellationToken cancel)
    {
        string passwd = (await commands.RunAsync("getent", ["passwd"], Limit, cancel)).Output;
        string groups = (await commands.RunAsync("getent", ["group", .. Account.AdminGroups], Limit, cancel)).Output;
        return Account.Admins(passwd, groups);
    }

    /// <summary>For a caller on this machine, at the port where sshd listens.</summary>
    public async Task<Asked<SshdSettings>> SettingsAsync(Account account, CancellationToken cancel)
    {
        Asked<SshdSettings> settings = await AskAsync(account, SshdSettings.UsualPort, cancel);
        return settings.Answer is { Ports: [var port, ..] ports } && !ports.Contains(SshdSettings.UsualPort) ? await AskAsync(account, port, cancel) : settings;
    }

    private async Task<Asked<SshdSettings>> AskAsync(Account account, string port, CancellationToken cancel)
    {
        IReadOnlyList<string> question = SshdSettings.Question(account, port);
        CommandResult answer = await commands.RunAsync("sshd", question, Limit, cancel);
        if (answer is { Succeeded: false, ExitCode: not CommandRunner.NotFound } && !Directory.Exists(options.Under("/run/sshd")))
        {
            // Its unit makes that folder, which a socket starts with the first caller; without it sshd does not even answer.
            CommandResult again = await commands.RunAsync(
                "systemd-run",
                ["--quiet", "--collect", "--wait", "--pipe", "--property=RuntimeDirectory=sshd", "--property=RuntimeDirectoryPreserve=yes", "--description=Settings of sshd, for the agent", "--", "sshd", .. question],
                Limit,
                cancel);
            answer = again.ExitCode == CommandRunner.NotFound ? answer : again;
        }

        return SshdSettings.Read(answer);
    }
}
