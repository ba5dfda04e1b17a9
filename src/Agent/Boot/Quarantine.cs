using RpiAgent.Agent.Enrolment;

namespace RpiAgent.Agent.Boot;

/// <summary>The state clone-guard.sh puts a copied card into.</summary>
internal static class Quarantine
{
    private const string Script = "/usr/lib/rpi-agent/clone-guard.sh";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>It was found on this boot that the card is in another board than its own.</summary>
    public static bool IsOn(AgentOptions options) => File.Exists(options.Under(options.CloneMark));

    /// <summary>When only we see that the card is a copied one: network and engine run already, and are the original's.</summary>
    /// <returns>Null when the script and we are of one mind, else what a person must know.</returns>
    public static async Task<string?> BeginAsync(AgentOptions options, IdentityStore identity, BoardReader boards, CommandRunner commands, CancellationToken cancel)
    {
        string? difference = Difference(identity, boards);
        if (IsOn(options))
        {
            return difference is not null ? null : $"docker is kept off by {options.CloneMark}, though this looks like the board the identity was made on; rpi-agent adopt-hardware --yes ends that";
        }

        if (difference is null)
        {
            return null;
        }

        // Outside of our own control group, and the DHCP clients it starts stay.
        CommandResult run = await commands.RunAsync(
            "systemd-run", ["--quiet", "--collect", "-p", "Type=oneshot", "-p", "KillMode=process", Script, "found", difference], Limit, cancel);
        return run.Succeeded ? $"the card is kept apart from now on: {difference}" : $"the card is a copied one ({difference}), but could not be kept apart: {run.Error.Trim()}";
    }

    /// <summary>Null when the identity belongs here, there is none, or it cannot be read.</summary>
    public static string? Difference(IdentityStore identity, BoardReader boards)
    {
        try
        {
            return identity.LoadWherever() is { } node ? node.Saved.Board.Print.DifferenceTo(boards.Read().Print) : null;
        }
        catch (EnrolmentException)
        {
            return null;
        }
    }

    /// <summary>The engine may start again.</summary>
    /// <param name="wasStopped">It was stopped by us.</param>
    public static async Task EndAsync(AgentOptions options, CommandRunner commands, bool wasStopped, CancellationToken cancel)
    {
        bool isMarked = IsOn(options);
        if (isMarked)
        {
            File.Delete(options.Under(options.CloneMark));
        }

        if ((isMarked || wasStopped) && options.Root == "/")
        {
            await commands.RunAsync("systemctl", ["start", "docker.socket", "docker.service"], Limit, cancel); // not where there is no engine
        }
    }
}
