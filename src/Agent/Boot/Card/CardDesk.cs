using System.Security.Cryptography;
using System.Text;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>The card in this Pi: what its files say, and what we leave on it.</summary>
internal sealed partial class CardDesk(AgentOptions options, CommandRunner commands, ILogger<CardDesk> log)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Changes when one of the files does; empty without a card.</summary>
    public string Hash()
    {
        try
        {
            return BootPartition.FindFolder(options) is { } folder
                ? Convert.ToHexString(SHA256.HashData([.. BootPartition.Read(folder).SelectMany(file => SHA256.HashData(file.Content).Concat(Encoding.ASCII.GetBytes(file.Name)))]))
                : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message; // a file in the midst of being saved: it will change once more
        }
    }

    /// <exception cref="BootFileException">There is no card, or what it says cannot be used; then nothing of it is.</exception>
    public CardSettings Read()
    {
        string folder = BootPartition.FindFolder(options)
            ?? throw new BootFileException($"there is no {BootFile.FileName} on the boot partition; write one with 'rpictl card prepare'");
        if (BootPartition.FindSlip(folder) is { } slip)
        {
            throw new BootFileException($"{slip}: the file must be called {BootFile.FileName}; rename it, with the endings of names shown");
        }

        try
        {
            return CardSettings.Merge([.. BootPartition.Read(folder).Select(file => file.Parse())], SystemCountry.Read(options));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BootFileException($"{folder} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Leaves the reason on the card, or takes the old one away.</summary>
    public Task TellAsync(string? problem, CancellationToken cancel) =>
        DoAsync(folder => CardWriter.Tell(folder, problem), problem is null ? "clear\n" : $"tell\n{problem}", cancel);

    /// <summary>Takes used secrets off the card, when there are any. Cheap when there are none.</summary>
    /// <returns>Null when that is done, else why they are still there.</returns>
    public async Task<string?> ScrubAsync(CancellationToken cancel)
    {
        try
        {
            if (UsedCard.Load(options) is not { } used || new UsedToken(options).HasBroughtNothing(used.TokenHash) || (used.IsScrubbed && !Holds(used)))
            {
                return null;
            }

            string? why = await DoAsync(folder => CardWriter.Scrub(folder, used), $"scrub\n{used.Render()}", cancel);
            if (why is null && !used.IsScrubbed)
            {
                (used with { IsScrubbed = true }).Save(options);
            }

            return why;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    private bool Holds(UsedCard used) =>
        BootPartition.FindFolder(options) is { } folder && BootPartition.Read(folder).Any(file => CardSecrets.Holds(file.Content, used));

    private async Task<string?> DoAsync(Action<string> work, string order, CancellationToken cancel)
    {
        try
        {
            if (BootPartition.FindFolder(options) is { } folder)
            {
                work(folder);
            }

            return null;
        }
        catch (BootFileException e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (options.Root == "/" && Environment.ProcessPath is { } self)
            {
                CommandResult outside = await commands.RunAsync("systemd-run", ["--quiet", "--wait", "--collect", "--pipe", self, CardFileCommand.Verb], Limit, cancel, order);
                if (outside.Succeeded)
                {
                    return null;
                }

                if (outside.ExitCode == ExitCodes.Refused)
                {
                    e = new IOException(outside.Error.Trim(), e);
                }
            }

            LogNotWritten(e.Message);
            return e.Message;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The boot partition cannot be written: {Reason}")]
    private partial void LogNotWritten(string reason);
}
