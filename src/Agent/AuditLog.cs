using System.Globalization;
using Microsoft.Extensions.Logging;
using RpiAgent.Agent.Boot;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Agent.NodeConfig.Transaction;
using RpiAgent.Agent.Swarm;

namespace RpiAgent.Agent;

/// <summary>
/// What goes into the <see cref="AuditFile"/>: of the features that carry out orders, change the node or enrol it, what changed (Information) and
/// what needs a person (Error). Attempts that are repeated are warnings, and nothing here is written twice in a row: a card wears out.
/// </summary>
internal sealed class AuditLog(AgentOptions options, TimeProvider time) : ILoggerProvider
{
    private static readonly HashSet<string> Told = [.. new[]
    {
        typeof(NetworkTransaction), typeof(EngineTransaction), typeof(NodeConfigurator), typeof(NodeConfiguring),
        typeof(Enroller), typeof(RenewalLoop), typeof(SshKeeping), typeof(SwarmOrders),
    }.Select(type => type.FullName!)];

    private readonly AuditFile _file = new(options);
    private string _last = "";

    public ILogger CreateLogger(string categoryName) => Told.Contains(categoryName) ? new Feature(this) : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

    public void Dispose()
    {
    }

    private void Add(string words)
    {
        if (Interlocked.Exchange(ref _last, words) != words)
        {
            _file.Append(string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ} {words}"));
        }
    }

    private sealed class Feature(AuditLog log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is LogLevel.Information or LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                log.Add($"{(logLevel == LogLevel.Error ? "! " : "")}{formatter(state, exception)}{(exception is null ? "" : $": {exception.Message}")}");
            }
        }
    }
}
