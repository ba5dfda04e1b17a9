using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;

namespace RpiAgent.Coordinator.Cli;

/// <summary>
/// Where results and words go. Colours and progress only on a terminal. Words come from nodes and containers too: their control characters,
/// which could rewrite a screen or fill a clipboard, become blanks.
/// </summary>
internal sealed class Terminal(TextWriter output, TextWriter words, bool json)
{
    private bool _progress;

    public bool Json { get; } = json;
    private bool Colour { get; } = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";
    private bool Live { get; } = ReferenceEquals(words, Console.Error) && !Console.IsErrorRedirected;

    public static string Ago(Timestamp? time) => time is null ? "never" : Ago(TimeProvider.System.GetUtcNow() - time.ToDateTimeOffset());

    public static string Size(ulong bytes) => bytes switch
    {
        < 10_000 => $"{bytes} B",
        < 10 << 20 => $"{bytes / 1024.0:0.0} KiB",
        < 10UL << 30 => $"{bytes / 1048576.0:0} MiB",
        _ => $"{bytes / 1073741824.0:0.0} GiB",
    };

    /// <summary>For people, on the error stream.</summary>
    public void Say(string text)
    {
        EndProgress();
        words.WriteLine(Plain(text));
    }

    /// <summary>Asks at the terminal without showing what is typed.</summary>
    /// <returns>Null when nobody sits at a terminal.</returns>
    public string? AskSecret(string question)
    {
        if (Console.IsInputRedirected || !Live)
        {
            return null;
        }

        EndProgress();
        words.Write(question);
        StringBuilder typed = new();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                typed.Length -= Math.Min(1, typed.Length);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                typed.Append(key.KeyChar);
            }
        }

        words.WriteLine();
        return typed.ToString();
    }

    /// <summary>A line that replaces the one before, on a terminal only.</summary>
    public void Progress(string text)
    {
        if (Live)
        {
            words.Write($"\r\u001b[K{Plain(text)}");
            _progress = true;
        }
    }

    public void Line(string text)
    {
        EndProgress();
        output.WriteLine(Plain(text));
    }

    public void Result<T>(T value, JsonTypeInfo<T> type) => Line(JsonSerializer.Serialize(value, type));

    public void Table(string[] columns, IEnumerable<string[]> rows)
    {
        EndProgress();
        Table table = new Table().Border(TableBorder.None).ShowHeaders();
        foreach (string column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))).NoWrap().PadLeft(0).PadRight(2));
        }

        foreach (string[] row in rows)
        {
            table.AddRow(row.Select(cell => new Text(Plain(cell), new Style(ColourOf(cell)))));
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Colour ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = Colour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        if (!Colour)
        {
            // Nobody looks at a width: a line for each row, whatever its length.
            console.Profile.Width = 10_000;
        }

        console.Write(table);
    }

    private void EndProgress()
    {
        if (_progress)
        {
            words.Write("\r\u001b[K");
            _progress = false;
        }
    }

    private static string Plain(string text) => string.Create(text.Length, text, (plain, from) =>
    {
        for (int i = 0; i < plain.Length; i++)
        {
            plain[i] = char.IsControl(from[i]) && from[i] is not ('\n' or '\t') ? ' ' : from[i];
        }
    });

    private static Color ColourOf(string cell) => cell switch
    {
        "ready" or "running" or "active" or "usable" or "healthy" => Color.Green,
        "down" or "conflict" or "failed" or "unreachable" or "unhealthy" or "lost" or "revoked" or "unknown" => Color.Red,
        "pending" or "waiting" or "joining" or "degraded" or "forming" or "restarting" or "fetching-image" or "drained" => Color.Yellow,
        _ => Color.Default,
    };

    private static string Ago(TimeSpan ago) => ago switch
    {
        { TotalSeconds: < 120 } => $"{Math.Max(0, ago.TotalSeconds):0} s",
        { TotalMinutes: < 120 } => $"{ago.TotalMinutes:0} min",
        { TotalHours: < 48 } => $"{ago.TotalHours:0} h",
        _ => $"{ago.TotalDays:0} days",
    };
}
