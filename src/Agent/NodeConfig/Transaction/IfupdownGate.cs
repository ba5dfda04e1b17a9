namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>
/// ifupdown's own opinion of a file, asked in the three ways that each find something else: one interface's options, the list of all
/// interfaces, and a dry run of ifup with an empty state (with the real one it only says "already configured"). No scripts, no mappings run.
/// </summary>
internal sealed class IfupdownGate(AgentOptions options, CommandRunner commands)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <param name="file">In /etc/network, for <c>source</c> is relative to its folder.</param>
    /// <returns>Null when ifupdown takes it, else its words.</returns>
    public async Task<string?> RefuseAsync(string name, string file, CancellationToken cancel)
    {
        CommandResult query = await commands.RunAsync("/sbin/ifquery", ["--no-mappings", "-i", file, name], Limit, cancel);
        if (!query.Succeeded)
        {
            return $"ifquery does not take the new file: {query.Error.Trim()}";
        }

        // It also fails for a name without a stanza, which is no fault of the file.
        CommandResult list = await commands.RunAsync("/sbin/ifquery", ["-l", "-i", file], Limit, cancel);
        if (list.Error.Contains("couldn't read interfaces file", StringComparison.Ordinal))
        {
            return $"ifquery does not take the new file: {list.Error.Trim()}";
        }

        string state = Path.Join(options.Under(options.RunDirectory), "ifup-check");
        if (Directory.Exists(state))
        {
            Directory.Delete(state, recursive: true);
        }

        Directory.CreateDirectory(state);
        CommandResult dryRun = await commands.RunAsync("/sbin/ifup", ["-n", "-v", "--no-mappings", "--no-scripts", $"--state-dir={state}", "-i", file, name], Limit, cancel);
        Directory.Delete(state, recursive: true);
        return dryRun.Succeeded ? null : $"ifup could not bring up {name} with the new file: {dryRun.Error.Trim()}";
    }
}
